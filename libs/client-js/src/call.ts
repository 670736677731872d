/** What a method of the client returns: a promise of the answer that can also give the raw response. */

/** An answer with the response that it came in (its body is read already). */
export interface WithResponse<T> {
  data: T;
  response: Response;
  requestId: string | null;
}

export class Call<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'Call';

  constructor(protected readonly answered: Promise<WithResponse<T>>) {}

  /** The answer beside its status and headers. */
  withResponse(): Promise<WithResponse<T>> {
    return this.answered;
  }

  then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.answered.then((answer) => answer.data).then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, rejected);
  }

  finally(settled?: (() => void) | null): Promise<T> {
    return this.then().finally(settled);
  }

  /** The same call with its answer turned into something else. */
  map<U>(turn: (data: T, response: Response) => U): Call<U> {
    return new Call(
      this.answered.then(({ data, response, requestId }) => ({ data: turn(data, response), response, requestId })),
    );
  }
}
