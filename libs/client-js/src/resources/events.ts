import { APIConnectionError, APIError } from '../errors.js';
import { pause, sleep } from '../retries.js';
import { serverSentEvents } from '../sse.js';
import type { CallOptions, Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { EventPage, ListCall } from '../pages.js';
import type { EventType, PlatformEvent } from '../types/answers.js';
import type { EventPageQuery, EventQuery } from '../types/requests.js';

/** An event of the feed, and the position after it: give it as `lastEventId` to go on from there. */
export interface Streamed {
  id: string;
  event: PlatformEvent;
}

const MOST_LOSSES = 8;

/** `/events` and `/event-types` */
export class Events {
  constructor(private readonly transport: Transport) {}

  /** The log of events, oldest first. */
  list(query?: EventPageQuery, options?: CallOptions): ListCall<PlatformEvent, EventPage<PlatformEvent>> {
    return this.transport.list('/events', query, options);
  }

  types(options?: CallOptions): Call<EventType[]> {
    return this.transport.get<{ items: EventType[] }>('/event-types', options).map((found) => found.items);
  }

  /** Events as they happen, without end; goes on where it was when the connection breaks. */
  async *stream(query: EventQuery & { lastEventId?: string } = {}, options: CallOptions = {}): AsyncGenerator<Streamed> {
    let lastEventId = query.lastEventId;
    for (let losses = 0; ; losses += 1) {
      try {
        const response = await this.transport.open('/events/stream', { ...query, lastEventId }, options);
        for await (const sent of serverSentEvents(response)) {
          losses = 0;
          lastEventId = sent.id ?? lastEventId;
          if (sent.data && sent.event !== 'gap') yield { id: lastEventId ?? '', event: JSON.parse(sent.data) };
        }
      } catch (failure) {
        if (options.signal?.aborted || !isPassing(failure) || losses >= MOST_LOSSES) throw failure;
      }
      await sleep(pause(losses, null) ?? 0, options.signal);
    }
  }
}

function isPassing(failure: unknown): boolean {
  if (failure instanceof APIError) return failure.status === 429 || failure.status >= 500;
  // What a broken body throws is a TypeError everywhere.
  return failure instanceof APIConnectionError || failure instanceof TypeError;
}
