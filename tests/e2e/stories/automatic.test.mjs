// Participants that a room has dialled when somebody comes: a telephone rings,
// answers and is heard, once for each conference, also when roompool is killed
// meanwhile; and the room is renamed around them.

import assert from 'node:assert/strict';
import { Person } from '../lib/browser.mjs';
import { hears } from '../lib/ears.mjs';
import { Management } from '../lib/management.mjs';
import { Phone } from '../lib/phone.mjs';
import { Seat } from '../lib/seat.mjs';
import { stories } from '../lib/story.mjs';
import { pause, until } from '../lib/wait.mjs';

const tell = stories();
const CONFERENCE = 'configuration/conference';
const AUTOMATIC = 'configuration/automatic_participant';
let api;
let room;
let phone;

const rings = () => phone.events.filter((event) => event.type === 'CALL_INCOMING').length;

tell('the first who comes has the agent dialled, and both are heard', async (system) => {
  api = await Management.open(system);
  phone = await Phone.open(system, 'eve', { answer: 'manual' });
  const agent = await api.create(AUTOMATIC, { alias: phone.address, role: 'guest',
    remote_display_name: 'Agents', keep_conference_alive: 'keep_conference_alive_never' });
  room = await api.create(CONFERENCE, { name: 'Desk', allow_guests: true, pin: '4471',
    guest_pin: '9036', aliases: [{ alias: 'desk' }],
    automatic_participants: [api.uri(AUTOMATIC, agent.id)] });
  assert.equal(rings(), 0);
  const ann = await Person.open(system, 'carla', { name: 'ann' });
  await ann.joinWithPin('desk', '4471');
  await until('it rings', () => rings() === 1);
  await phone.command('accept');
  await phone.established();
  await ann.startRecording();
  await hears(ann, 'eve');
  const people = (await api.list('status/participant', '?conference=Desk')).objects;
  assert.deepEqual(people.filter((one) => one.call_direction === 'out')
    .map((one) => [one.display_name, one.role]), [['Agents', 'guest']]);

  await api.change(CONFERENCE, room.id, { name: 'Front desk' });
  await hears(ann, 'eve');
  const [live] = (await api.list('status/conference')).objects;
  assert.equal(live.name, 'Front desk');
  const other = await Seat.join(system, 'desk', 'other', { pin: '9036' });
  assert.equal(rings(), 1);
  await other.ask('releaseToken', {});
  await ann.page.click('#leave');
  await until('the agent keeps nothing going', () => phone.event('CALL_CLOSED'));
  await ann.close();
});

tell('roompool is killed while it rings: the call goes on, and no other comes', async (system) => {
  const before = rings();
  const seat = await Seat.join(system, 'desk', 'bob', { pin: '4471' });
  await until('it rings', () => rings() > before);
  const killed = new Date().toISOString();
  await system.kill('roompool');
  await until('its workers are back', async () => (await system.sql(
    `select count(*) n from workers where state = 'up' and up_at > '${killed}'`))[0].n >= 3);
  await phone.command('accept');
  await until('the agent is there', async () => {
    const [row] = await system.sql(
      "select count(*) n from participants where is_automatic and state = 'active'");
    return row.n === 1;
  });
  await pause(3000);
  assert.equal(rings(), before + 1);
  assert.ok(!seat.isOver);
});
