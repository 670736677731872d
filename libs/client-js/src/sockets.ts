/** The WebSocket of the environment: the browser's own, Node's from 22 on, else that of the package `ws`. */

export type WebSocketClass = new (url: string) => WebSocket;

/** Null where there is none: then progress is asked for again and again. */
export async function webSocketClass(): Promise<WebSocketClass | null> {
  if (typeof globalThis.WebSocket === 'function') return globalThis.WebSocket;
  try {
    return (await import('ws')).default;
  } catch {
    return null;
  }
}
