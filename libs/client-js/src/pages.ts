/** Lists: a page when awaited, every item of every page when iterated over. */

import { Call, type WithResponse } from './call.js';

/** One page. `nextPage()` is null after the last one. */
export interface Page<T> {
  items: T[];
  /** How many there are in all. */
  total: number;
  page: number;
  pageSize: number;
  nextPage(): Promise<Page<T>> | null;
}

/** A page of the feed of events. `cursor` is the position after it. */
export interface EventPage<T> {
  items: T[];
  cursor: string;
  hasMore: boolean;
  nextPage(): Promise<EventPage<T>> | null;
}

interface AnyPage<T, Self> {
  items: T[];
  nextPage(): Promise<Self> | null;
}

/** `await list` is its first page; `for await (const item of list)` goes over all items, page by page. */
export class ListCall<T, P extends AnyPage<T, P> = Page<T> & AnyPage<T, never>> extends Call<P> {
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let page: P | null = await this;
    while (page !== null) {
      yield* page.items;
      page = await page.nextPage();
    }
  }
}

type Query = Record<string, string>;
type Fetch<P> = (query: Query) => Promise<WithResponse<Omit<P, 'nextPage'>>>;

/** Fetches the first page; each page leads to the next as its `Link` header says. */
export function listed<T, P extends AnyPage<T, P>>(fetch: Fetch<P>, query: Query): ListCall<T, P> {
  const load = async (wanted: Query): Promise<WithResponse<P>> => {
    const answer = await fetch(wanted);
    const next = nextQuery(answer.response.headers.get('link'));
    const nextPage = (): Promise<P> | null => (next ? load(next).then((loaded) => loaded.data) : null);
    return { ...answer, data: { ...answer.data, nextPage } as P };
  };
  return new ListCall<T, P>(load(query));
}

/** The query of the address that a `Link` header gives for `rel="next"`; null if there is none. */
export function nextQuery(link: string | null): Query | null {
  const found = /<([^>]*)>\s*;[^,<]*rel="?next"?/.exec(link ?? '');
  if (!found?.[1]) return null;
  return Object.fromEntries(new URL(found[1], 'http://any').searchParams);
}
