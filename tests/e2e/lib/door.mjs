// door.mjs - runs in a network namespace: opens connections there, and hands each
// over to who started it (namespaces.mjs), with whatever came.

import net from 'node:net';

process.on('disconnect', () => process.exit());
process.on('message', ({ id, port, host }) => {
  const socket = new net.Socket().pause(); // what comes is the new owner's to read
  socket.once('error', (error) => process.send({ id, error: error.message }));
  socket.connect(port, host, () => process.send({ id }, socket));
});
