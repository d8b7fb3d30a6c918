// A device is brought into a room whose media is on the worker that its call is
// on: there is one worker only. Its peer connection stays, its leg is another.

import { after } from 'node:test';
import { Person } from '../lib/browser.mjs';
import { Device } from '../lib/device.mjs';
import { Management } from '../lib/management.mjs';
import { stories } from '../lib/story.mjs';
import { Telco } from '../lib/telco.mjs';
import { until } from '../lib/wait.mjs';

const MIA = '+493055501';
const BEN = '+493011101';

const telco = await Telco.prepare({ accounts: [MIA], trunk: '+4930777', phones: [BEN], fixed: '+493022201' });
const tell = stories((base, dir) => telco.settings(base, dir), { medias: 1 });
after(() => telco.stop());

tell('a device is brought into a room on the same media worker: both hear each other', async (system) => {
  await telco.phone(system, 'ben', BEN);
  const mia = await Device.open(system, 'anna',
    { base: telco.recorder.url, token: await telco.oidc.userToken(MIA), number: MIA });
  await mia.comeUp();
  const id = await mia.call(`tel:${BEN}`);
  await mia.status(id, 'Connected');
  await mia.connected(id);
  await mia.listen(id);
  await mia.hears('ben');

  const [api, finn] = await Promise.all([Management.open(system), Person.open(system, 'finn')]);
  await finn.join('lobby');
  const seats = (await api.list('status/participant')).objects;
  await api.command('participant/transfer', { conference_alias: 'lobby', role: 'guest',
    participant_id: seats.find((one) => one.conference !== 'lobby' && one.protocol === 'WebRTC').id });
  await until('she is in the room', async () => (await finn.roster()).length === 2);
  await mia.listen(id);
  await Promise.all([mia.hears('finn'), finn.hears('anna')]);
  await mia.do('hangUp', id);
  await mia.status(id, 'Terminated');
  await finn.close();
});
