// Who sends the wild requests: keys of both modes and a person who is signed in. What the requests break of them (keys
// are revoked, the person is signed out, the tier changed) is mended, or soon nothing would get through.
import { type Mode, MODES } from "../../src/core/states.ts";
import { createKey } from "../../src/resources/api-keys/actions.ts";
import { createUser, logIn, openSessionKey } from "../../src/resources/auth/actions.ts";
import { changeWorkspace } from "../../src/resources/workspaces/actions.ts";
import { type Chance, oneOf } from "../world/chance.ts";
import type { TestHouse } from "../world/house.ts";

/** Stands for every password that is sent. */
export const PASSWORD_CANARY = "canary-7f3a-never-show-this";

export interface FuzzCaller {
  headers: Record<string, string>;
  /** What it acts in. */
  mode: Mode;
}

export interface Callers {
  pick(chance: Chance): FuzzCaller;
  /** Makes good what a request has broken. */
  mend(status: number, text: string): Promise<void>;
  /** What secret stands in this text, or null. */
  secretIn(text: string): string | null;
}

const EMAIL = "ada@example.com";
const ACCOUNT_PASSWORD = "canary-91c2 of the account";
const KEYS_OF_A_MODE = 4;
/** How many come from the person, and from nobody. */
const PERSON = 0.12;
const NOBODY = 0.03;

const secretOf = (key: string) => key.slice(key.indexOf(".") + 1);

/** All of the highest tier: what is tested here is not the rate limit. */
export async function openCallers(house: TestHouse): Promise<Callers> {
  const { control, workspace_id, master_key } = house;
  const room = { control, session_key: openSessionKey(control, master_key) };
  const secrets = new Map([
    [PASSWORD_CANARY, "a password that was sent"],
    [ACCOUNT_PASSWORD, "the password of the account"],
  ]);
  const keyOf = (mode: Mode) => {
    const { key } = createKey(control, { workspace_id, mode, scopes: ["all"], name: "fuzz" });
    secrets.set(secretOf(key), "the secret of a key");
    return key;
  };
  const makeKeys = () => {
    changeWorkspace(control, workspace_id, { tier: "apex" });
    // Most of them in test mode: there is more to reach.
    const modes = Array.from({ length: KEYS_OF_A_MODE * 4 }, (_, at) =>
      at % 4 === 0 ? "live" : "test",
    );
    return modes.map((mode) => keyOf(mode));
  };
  const signIn = async () => {
    const wish = { email: EMAIL, password: ACCOUNT_PASSWORD, secure: false, previous: null };
    const session = await logIn(room, wish);
    return session?.token ?? "";
  };
  await createUser(control, EMAIL, ACCOUNT_PASSWORD);
  let keys = makeKeys();
  let token = await signIn();
  return {
    pick(chance) {
      if (chance() < NOBODY) return { headers: {}, mode: "test" };
      if (chance() > PERSON) {
        const key = oneOf(chance, keys);
        const mode = key.startsWith("imk_test_") ? "test" : "live";
        return { headers: { authorization: `Bearer ${key}` }, mode };
      }
      const mode = oneOf(chance, MODES);
      const cookie = `imail_session=${token}`;
      return { headers: { cookie, "sec-fetch-site": "same-origin", "imail-mode": mode }, mode };
    },
    async mend(status, text) {
      if (text.includes('"invalid_session"')) token = await signIn();
      else if (status === 401 || status === 429 || text.includes('"tier_gate"')) keys = makeKeys();
    },
    secretIn(text) {
      const found = [...secrets].find(([secret]) => text.includes(secret));
      return found?.[1] ?? (token !== "" && text.includes(token) ? "the token of a session" : null);
    },
  };
}
