// Following a simulation over a WebSocket that is lost, refused, or ends without results; on real servers.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { SimulationEndedError, TinyTroupeClient, TinyTroupeError, WaitTimeoutError } from '../dist/index.js';

const at = (progress, step = 'running') => ({
  type: 'progress', simulation_id: 'sim_1', progress, current_step: step, partial_results: {},
});
const RESULT = { ...at(1, 'completed'), type: 'result', partial_results: { summary: { key_findings: ['a'] } } };
const ended = (status, issue) => ({
  ...at(null, status), type: 'error', error: { code: 'SIMULATION_NOT_COMPLETED', message: 'No.', details: { field: null, issue } },
});

/** Each connection is served by the next of `scripts`: frames to send, then the code to close with. */
async function serving(t, ...scripts) {
  const tokens = [];
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const json = request.url.includes('/results') ? { simulation_id: 'sim_1', status: 'completed', recommendations: [] } : { status: 'cancelled' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.once('message', (auth) => {
      tokens.push(JSON.parse(auth).token);
      const { frames, code } = scripts.length > 1 ? scripts.shift() : scripts[0];
      for (const frame of frames) socket.send(JSON.stringify(frame));
      if (code) socket.close(code);
    });
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  const client = new TinyTroupeClient({ apiKey: 'dr_key', baseUrl: `http://127.0.0.1:${server.address().port}/v1` });
  return { simulation: client.simulations.follow('sim_1'), tokens, asked };
}

test('progress and result are told, and the results fetched, over one connection', async (t) => {
  const { simulation, tokens, asked } = await serving(t, { frames: [at(null, 'queued'), at(0.5), RESULT], code: 1000 });
  const seen = [];
  simulation.on('progress', ({ progress, currentStep }) => seen.push([progress, currentStep]));
  simulation.on('result', ({ partialResults }) => seen.push(partialResults.summary.key_findings));
  const results = await simulation.results({ detailLevel: 'summary' });
  assert.deepEqual(seen, [[0, 'queued'], [0.5, 'running'], ['a']]);
  assert.equal(results.simulationId, 'sim_1');
  assert.deepEqual(tokens, ['dr_key']);
  assert.deepEqual(asked, ['GET /v1/simulations/sim_1/results?detail_level=summary']);
});

test('a lost connection is opened again', async (t) => {
  const { simulation, tokens } = await serving(t, { frames: [at(0.2)], code: 1012 }, { frames: [RESULT], code: 1000 });
  assert.equal((await simulation.results()).status, 'completed');
  assert.equal(tokens.length, 2);
});

test('a simulation that failed has no results, and says why', async (t) => {
  const { simulation } = await serving(t, { frames: [ended('failed', 'out of tokens')], code: 1000 });
  const told = new Promise((resolve) => simulation.on('error', resolve));
  await assert.rejects(simulation.results(), (failure) => {
    assert.ok(failure instanceof SimulationEndedError);
    assert.deepEqual([failure.status, failure.simulationId, failure.message], ['failed', 'sim_1', 'No. out of tokens']);
    return true;
  });
  assert.ok((await told) instanceof SimulationEndedError);
});

test('nobody has to listen to errors', async (t) => {
  const { simulation } = await serving(t, { frames: [ended('cancelled', null)], code: 1000 });
  await new Promise((resolve) => {
    simulation.on('progress', () => undefined);
    simulation.on('error', resolve);
  });
  await assert.rejects(simulation.results(), { status: 'cancelled' });
});

test('one that may not be followed is not asked for again', async (t) => {
  const refused = { ...ended('refused', 'there is no such simulation') };
  refused.error.code = 'NOT_FOUND';
  const { simulation, tokens } = await serving(t, { frames: [refused], code: 4404 });
  await assert.rejects(simulation.results(), { message: /NOT_FOUND: there is no such simulation/ });
  assert.equal(tokens.length, 1);
});

test('waiting ends in time or at once, and following with it', async (t) => {
  const { simulation } = await serving(t, { frames: [at(0.1)] });
  await assert.rejects(simulation.results({ waitTimeout: 50 }), WaitTimeoutError);
  const controller = new AbortController();
  const waiting = simulation.results({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, { message: 'enough' });
  assert.equal((await simulation.cancel()).status, 'cancelled');
  const closed = simulation.results();
  simulation.close();
  await assert.rejects(closed, TinyTroupeError);
});
