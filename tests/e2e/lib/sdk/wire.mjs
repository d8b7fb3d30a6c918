// wire.mjs - requests as the old SDK makes them, and what it makes of errors.

/* eslint-env browser */

// (status, MessageId) pairs that have a text.
export const KNOWN = {
  400: ['SVC0001', 'SVC0002', 'SVC0003', 'SVC0004', 'SVC0015', 'SVC0016', 'SVC0017', 'SVC0018',
    'SVC0019', 'SVC0020', 'SVC8510', 'SVC8511', 'SVC8512', 'SVC8514'],
  401: ['POL0001'],
  403: ['POL0001', 'POL0002', 'POL0003', 'POL1009', 'POL1100', 'POL1102'],
  404: ['SVC8514'],
  409: ['SVC8501'],
};

function requestError(answer) {
  if (!/application\/json/.test(answer.header('content-type') ?? '')) return undefined;
  return JSON.parse(answer.text).RequestError; // throws: nobody catches it
}

// What the application is told of a failed request:
// { event: 'error'|'session:expired'|'gateway:unreachable', status, id, text }.
// Throws where the SDK does, so that its callback is lost.
export function readError(answer, generation) {
  const { status } = answer;
  const told = (event, id, text) => ({ event, status, id, text });
  if (status === 0) return told('error', '', 'request timed out');
  const error = requestError(answer);
  const inner = error && (error.ServiceException ?? error.PolicyException ?? error.Exception);
  const id = inner?.MessageId;
  if (inner && generation.unknownMessageThrows) {
    inner.Text.replace('%1', inner.Variables); // must be a string
  }
  if (status === 404 && !(id && KNOWN[404].includes(id))) {
    if (id && generation.unknownMessageThrows) throw new TypeError(`404 with ${id}`);
    return told('session:expired', id, inner?.Text);
  }
  if (id && generation.unknownMessageThrows && !KNOWN[status]?.includes(id)) {
    throw new TypeError(`${status} with ${id}`);
  }
  if (!inner && generation.bareServerFaultThrows && (status === 501 || status === 505)) {
    throw new TypeError(`${status} without an error that is known`);
  }
  if (generation.unreachableEvent && (status === 502 || status === 503)) {
    return told('gateway:unreachable', id, inner?.Text);
  }
  return told('error', id, inner?.Text?.replace?.('%1', inner.Variables) ?? 'generic');
}

export class Wire {
  #onError; // of one generation: shared by all requests

  // `log`: gets an entry for each request, which is completed later
  constructor(generation, endpoint, log) {
    this.generation = generation;
    this.endpoint = endpoint;
    this.log = log;
    this.token = '';
  }

  // success(answer) for a status below 400, error(answer) for the others and
  // for no answer at all (status 0), timeout() when timeoutMs is over.
  request({ method, path, headers = {}, body, isBare = false, timeoutMs = 0, success, error,
    timeout = () => error({ status: 0, text: '', header: () => null }) }) {
    if (this.generation.minds.offline && !navigator.onLine) return null;
    const entry = { method, path, headers, body, started: Date.now() };
    const xhr = new XMLHttpRequest();
    const answer = () => ({ status: xhr.status, text: xhr.responseText,
      header: (name) => xhr.getResponseHeader(name) });
    const fail = () => {
      Object.assign(entry, { status: xhr.status, ended: Date.now(), text: xhr.responseText,
        type: xhr.getResponseHeader('content-type') });
      (this.generation.oneErrorHandler ? this.#onError : error)(answer());
    };
    xhr.open(method, this.endpoint + path);
    xhr.setRequestHeader('Authorization', `Bearer ${this.token}`);
    xhr.setRequestHeader('Accept', 'application/json');
    if (!isBare) xhr.setRequestHeader('Content-Type', 'application/json');
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.timeout = timeoutMs;
    xhr.ontimeout = () => {
      Object.assign(entry, { status: 'timeout', ended: Date.now() });
      timeout();
    };
    xhr.onerror = fail;
    xhr.onload = () => {
      if (xhr.status >= 400) return fail();
      Object.assign(entry, { status: xhr.status, ended: Date.now(),
        state: xhr.getResponseHeader('x-state'), modId: xhr.getResponseHeader('x-modId') });
      return success(answer());
    };
    this.#onError = error;
    this.log.push(entry);
    xhr.send(body === undefined ? null : JSON.stringify(body));
    return xhr;
  }
}
