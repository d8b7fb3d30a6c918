// generations.mjs - what the two generations of the old browser SDK do
// differently, as far as a server can tell. Clients in the field run both and
// cannot be changed.

const COMMON = {
  requestTag: 'ClientSDK=WebRTCTestAppJavascript1',
  pollErrorsAllowed: 7, // the next one ends polling for good
  callsAtOnce: 2,
};

export const GENERATIONS = {
  'rc.21': {
    ...COMMON,
    bindsInLogin: false, // the application associates the token itself
    rejectedWord: 'Call rejected',
    pollTimeoutMs: 0, // waits without limit
    oneErrorHandler: true, // of the request started last, whoever failed
    unknownMessageThrows: false,
    unreachableEvent: false, // 502 and 503 are plain errors
    bareServerFaultThrows: true, // 501 and 505 without a body it knows
    pollErrorsTold: false, // only the last one
    refreshErrorsTold: false,
    knowsMoveTerminated: false,
    editsHeldSdp: true, // hold and resume without the browser
    strictStates: false,
    ssrcInSessionName: true,
    stripsRemoteSsrc: false,
    stripsRtcpRsize: false,
    countsMediaLines: false,
    refusesVideoAware: false, // says "video" although it was refused
    movesConference: true, // as a hold
    joinsWhileBusy: false, // invitations to conferences are dropped without a word
    minds: { offline: false },
  },
  '1.1.3': {
    ...COMMON,
    bindsInLogin: true,
    rejectedWord: 'User busy',
    pollTimeoutMs: 40000,
    oneErrorHandler: false,
    unknownMessageThrows: true,
    unreachableEvent: true,
    bareServerFaultThrows: false,
    pollErrorsTold: true,
    refreshErrorsTold: true,
    knowsMoveTerminated: true,
    editsHeldSdp: false,
    strictStates: true,
    ssrcInSessionName: false,
    stripsRemoteSsrc: true,
    stripsRtcpRsize: true,
    countsMediaLines: true,
    refusesVideoAware: true,
    movesConference: false,
    joinsWhileBusy: true,
    minds: { offline: true },
  },
};
