// Video sessions whose rooms dial the queue of agents: the app and the telephone
// of the queue wait together until somebody with the hosts' PIN comes.

import { Person } from '../lib/browser.mjs';
import { Phone } from '../lib/phone.mjs';
import { stories } from '../lib/story.mjs';
import { dialledQueue } from '../lib/video-life.mjs';

// The telephone takes the first ports that the system has for one.
const tell = stories((base) => ({
  roompool: {
    pool_target: 2,
    pool_automatic_participant: `sip:eve@127.0.0.1:${11000 + (base - 20000) % 8000}`,
  },
}));

tell('the app and the queue hear each other once a host is there', async (system) => {
  const queue = await Phone.open(system, 'eve');
  await dialledQueue(system, queue, async (alias, pin) => {
    const agent = await Person.open(system, 'dan', { name: 'the agent' });
    await agent.joinWithPin(alias, pin);
    return agent;
  });
});
