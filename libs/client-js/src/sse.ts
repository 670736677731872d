/** Server-sent events out of a response, for clients that must send headers (`EventSource` cannot). */

export interface ServerSentEvent {
  id: string | null;
  event: string;
  data: string;
}

/** One for each block, also for those that hold an id alone. */
export async function* serverSentEvents(response: Response): AsyncGenerator<ServerSentEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) yield eventOf(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined); // it may be broken already
  }
}

function eventOf(block: string): ServerSentEvent {
  const found: ServerSentEvent = { id: null, event: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, name, value = ''] = /^([a-z]+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === 'id') found.id = value;
    if (name === 'event') found.event = value;
    if (name === 'data') data.push(value);
  }
  return { ...found, data: data.join('\n') };
}
