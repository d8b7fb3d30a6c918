// Video sessions whose rooms dial the queue of agents: the app and the telephone
// of the queue wait together until somebody with the hosts' PIN comes.

import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { phonePorts } from '../lib/ports.mjs';
import { stories } from '../lib/story.mjs';
import { dialledQueue } from '../lib/video-life.mjs';

const ports = await phonePorts();
const tell = stories({
  roompool: { pool_target: 2, pool_automatic_participant: `sip:eve@127.0.0.1:${ports[0]}` },
});

tell('the app and the queue hear each other once a host is there', async (system) => {
  const queue = await Phone.open(system, 'eve', { ports });
  await dialledQueue(system, queue, async (alias, pin) => {
    const agent = await Person.open(system, 'dan', { name: 'the agent' });
    await agent.joinWithPin(alias, pin);
    return agent;
  });
});
