/** Contexts as the framework makes them, with a connection, and with a store that keeps what is put into it. */

import { createMockActionContext } from '@activepieces/pieces-framework';
import type { Action, Trigger } from '@activepieces/pieces-framework';
import type { Connection } from '../src/lib/auth';
import type { Json } from '../src/lib/api';

export const inMemory = () => {
  const kept = new Map<string, unknown>();
  return {
    put: async <T>(key: string, value: T) => {
      kept.set(key, value);
      return value;
    },
    get: async (key: string) => kept.get(key) ?? null,
    delete: async (key: string) => void kept.delete(key),
  };
};

/** Runs an action of the piece as a flow would. */
export async function ran(action: Action | undefined, auth: Connection, propsValue: Json): Promise<Json> {
  const context = { ...createMockActionContext({ propsValue }), auth };
  return (await action!.run(context as never)) as Json;
}

/** A trigger with a store of its own. */
export function switchable(trigger: Trigger | undefined, auth: Connection, webhookUrl: string) {
  const common = { ...createMockActionContext({ propsValue: {} }), auth, webhookUrl, store: inMemory() };
  return {
    store: common.store,
    on: () => trigger!.onEnable(common as never),
    off: () => trigger!.onDisable(common as never),
    run: (payload: Json): Promise<unknown[]> => trigger!.run({ ...common, payload } as never),
  };
}
