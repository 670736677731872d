/** What is used of `ws` is what it shares with browsers. */
declare module 'ws' {
  const client: new (url: string) => WebSocket;
  export default client;
}
