// index.js - the start page: go to a room, show SIP addresses of this host.

for (const el of document.querySelectorAll('[data-sip]')) {
  el.textContent = `sip:${el.dataset.sip}@${location.hostname}`;
}

document.querySelector('#go').addEventListener('submit', (event) => {
  event.preventDefault();
  const alias = new FormData(event.target).get('alias').trim() || 'lobby';
  location.assign(`/join/${encodeURIComponent(alias)}`);
});
