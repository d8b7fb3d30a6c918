// connections.mjs - peer connections that a page makes: kept in window.connections,
// and which way the last one goes.

/* eslint-env browser */
// To be called before the page is there; more: of the configuration of each.
export const keepConnections = (person, more = {}) => person.context.addInitScript((settings) => {
  const Native = window.RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Native {
    constructor(config) {
      super({ ...config, ...settings });
      window.connections.push(this);
    }
  };
}, more);

// The candidates in use: { local, remote }, { type, address } each.
export const usedCandidates = (person) => person.page.evaluate(async () => {
  const all = [...(await window.connections.at(-1).getStats()).values()];
  const { selectedCandidatePairId: id } = all.find(({ type }) => type === 'transport');
  const pair = all.find((one) => one.id === id);
  const [local, remote] = [pair.localCandidateId, pair.remoteCandidateId].map((which) => {
    const { candidateType: type, address } = all.find((one) => one.id === which);
    return { type, address };
  });
  return { local, remote };
});
