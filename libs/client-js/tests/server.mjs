// An HTTP server on loopback that answers as it is told and remembers what it got.
import { createServer } from 'node:http';
import { TinyTroupeClient } from '../dist/index.js';

export async function serving(t, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body: body && JSON.parse(body) });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 'broken') return request.socket.destroy();
    if (answer === 'silent') return undefined;
    const { status = 200, headers = {}, json } = answer;
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${server.address().port}/v1`;
  const client = (options = {}) => new TinyTroupeClient({ apiKey: 'dr_key', baseUrl, ...options });
  return { baseUrl, requests, client };
}

export const refusal = (code, details = { field: null, issue: null }) => ({
  error: { code, message: 'No.', details, request_id: 'req_2', documentation_url: `https://docs.example/${code}` },
});
