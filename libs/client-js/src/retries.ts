/** When a request is tried again, and after how long. */

const FIRST_SECONDS = 0.5;
const MOST_SECONDS = 8;
/** Longer than this nobody waits inside a call: the error says how long. */
const MOST_ASKED_SECONDS = 60;
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** Whether the same request may do better later. */
export function isTransient(status: number, code: string): boolean {
  return TRANSIENT.has(status) || code === 'IDEMPOTENCY_IN_PROGRESS';
}

/** Seconds before try number `tried` + 1, null if it is not worth the wait: 0.5 → 8 s, less up to a quarter. */
export function pause(tried: number, retryAfter: number | null, random: () => number = Math.random): number | null {
  if (retryAfter !== null && retryAfter > MOST_ASKED_SECONDS) return null;
  const grown = Math.min(MOST_SECONDS, FIRST_SECONDS * 2 ** tried);
  return Math.max(grown * (1 - random() / 4), retryAfter ?? 0);
}

/** Rejects with the signal's reason when it is aborted meanwhile. */
export function sleep(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
