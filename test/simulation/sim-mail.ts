// The mail port of a simulated program: the mail world of the tests, on virtual time, with faults from the tables. A
// port belongs to one run of the program; what a dead one asks for never happens.
import {
  type FetchedMail,
  type LoginFault,
  MailboxError,
  type MailboxSession,
  type MailPort,
  type SendOrder,
  type SendOutcome,
} from "../../src/core/mail-port.ts";
import type { Chance } from "../world/chance.ts";
import { oneOf } from "../world/chance.ts";
import type { MailWorld } from "../world/mail-world.ts";
import { badSession, goodSession, type Session } from "./smtp-faults.ts";
import type { Owner, VirtualTime } from "./virtual-time.ts";

/** What the simulation wants to hear of the sending. */
export interface Witness {
  /** A mail is handed over: what was promised is what is promised now. */
  onOrder(order: SendOrder): void;
  /** The commit point has let it go. `may_arrive`: a server took it, or nobody can tell. */
  onDot(order: SendOrder, may_arrive: boolean): void;
  /** A session was played: the name of its fault. */
  onSession(name: string): void;
}

export interface Weather {
  /** The share of SMTP sessions and of IMAP commands that go wrong. */
  smtp: number;
  imap: number;
}

export interface MailOffice {
  portFor(owner: Owner): MailPort;
  /** A mail comes into a mailbox. */
  deliver(email: string, bytes: Uint8Array, folder?: string): void;
  /** Is the program of this owner at work on a mailbox right now, outside of any call? */
  isBusy(owner: Owner): boolean;
  weather: Weather;
}

interface OfficeOptions {
  time: VirtualTime;
  world: MailWorld;
  chance: Chance;
  witness: Witness;
}

const HUGE_BYTES = 20_000;
const IMAP_KINDS: [string, LoginFault, number][] = [
  ["imap_refuse", "connect", 10],
  ["imap_silent", "timeout", 60_000],
  ["imap_rst", "connect", 500],
  ["imap_close", "protocol", 500],
  ["imap_auth", "auth", 500],
];

/** Opens the office of a world. */
export function openMailOffice({ time, world, chance, witness }: OfficeOptions): MailOffice {
  const weather: Weather = { smtp: 0, imap: 0 };
  const waiting = new Map<string, Set<() => void>>();
  const hands = new Map<Owner, number>();
  const take = (owner: Owner, by: 1 | -1) => hands.set(owner, (hands.get(owner) ?? 0) + by);

  const send = (owner: Owner): MailPort["send"] => {
    return async (account, order) => {
      witness.onOrder(order);
      const session = chance() < weather.smtp ? badSession(chance) : goodSession(chance);
      witness.onSession(session.name);
      const state = { over: false, gone: false };
      world.next(viceOf(session, (ms) => time.sleep(ms, owner)));
      const sent = world.port.send(account, watched(order, { owner, session, state, witness }));
      const outcome = await Promise.race([sent, aborted(order.signal, state)]);
      state.over = true;
      return outcome;
    };
  };
  /** One IMAP command: a while, and perhaps a fault instead of the answer. */
  const command = async (owner: Owner, signal: AbortSignal, name: string) => {
    const bad = chance() < weather.imap ? oneOf(chance, IMAP_KINDS) : null;
    const slow = bad === null && chance() < weather.imap / 2;
    const ms = bad ? bad[2] : slow ? chance() * 90_000 : 0;
    if (ms > 0) await Promise.race([time.sleep(ms, owner), signalled(signal)]);
    if (signal.aborted) throw new MailboxError("connect", "stopped by our own side");
    if (bad) {
      witness.onSession(`${bad[0]}_${name}`);
      throw new MailboxError(bad[1], bad[0]);
    }
    if (slow) witness.onSession(`imap_slow_${name}`);
  };
  const openMailbox = (owner: Owner): MailPort["openMailbox"] => {
    return async (account, signal) => {
      await command(owner, signal, "connect");
      const inner = await world.port.openMailbox(account, signal);
      const parts = { owner, signal, email: account.email, inner };
      return openWatched(parts, { time, waiting, take, command, world });
    };
  };
  return {
    weather,
    portFor: (owner) => ({
      send: send(owner),
      check: async (account, signal) => {
        // Asked for between two commands of a session: meanwhile nobody is at work on the mailbox.
        take(owner, -1);
        await time.sleep(500, owner);
        take(owner, 1);
        return chance() < weather.smtp
          ? { outcome: "failed", server: "smtp", fault: "connect", response: "smtp_refuse_connect" }
          : world.port.check(account, signal);
      },
      openMailbox: openMailbox(owner),
    }),
    deliver(email, bytes, folder = "INBOX") {
      world.deliver(email, bytes, { folder });
      world.arrive();
      if (folder === "INBOX") for (const wake of waiting.get(email) ?? []) wake();
    },
    isBusy: (owner) => (hands.get(owner) ?? 0) > 0,
  };
}

function viceOf(session: Session, sleep: (ms: number) => Promise<void>) {
  return {
    midway: () => sleep(session.before_ms),
    before_answer: () => sleep(session.after_ms),
    takes: session.takes,
    ...(session.before_dot ? { before_dot: session.before_dot } : {}),
    ...(session.after_dot ? { after_dot: session.after_dot } : {}),
  };
}

interface Flight {
  owner: Owner;
  session: Session;
  state: { over: boolean; gone: boolean };
  witness: Witness;
}

function watched(order: SendOrder, { owner, session, state, witness }: Flight): SendOrder {
  const may_arrive = session.takes || session.after_dot?.outcome === "unclear";
  return {
    ...order,
    onHeld(held) {
      if (owner.dead || state.over) return;
      order.onHeld({
        release() {
          if (owner.dead || state.over) return;
          state.gone = true;
          witness.onDot(order, may_arrive);
          held.release();
        },
        refuse: () => held.refuse(),
      });
    },
  };
}

async function aborted(signal: AbortSignal, state: { gone: boolean }): Promise<SendOutcome> {
  await signalled(signal);
  return state.gone
    ? { outcome: "unclear", response: "stopped by our own side" }
    : { outcome: "unreached", fault: "timeout", response: "stopped by our own side" };
}

function signalled(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

interface Opened {
  owner: Owner;
  signal: AbortSignal;
  email: string;
  inner: MailboxSession;
}

interface Office {
  time: VirtualTime;
  waiting: Map<string, Set<() => void>>;
  take: (owner: Owner, by: 1 | -1) => void;
  command: (owner: Owner, signal: AbortSignal, name: string) => Promise<void>;
  world: MailWorld;
}

/** Of a huge mail only the head is fetched. */
const cut = (mail: FetchedMail): FetchedMail =>
  mail.size < HUGE_BYTES
    ? mail
    : {
        ...mail,
        truncated: true,
        bytes: mail.bytes.subarray(0, Buffer.from(mail.bytes).indexOf("\r\n\r\n") + 4),
      };

function openWatched(opened: Opened, office: Office): MailboxSession {
  const { owner, signal, email, inner } = opened;
  const { time, waiting, take, command, world } = office;
  let in_hands = true;
  let seen = 0;
  take(owner, 1);
  const hold = (value: boolean) => {
    if (in_hands !== value) take(owner, value ? 1 : -1);
    in_hands = value;
  };
  const ask = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    hold(false);
    try {
      await command(owner, signal, name);
      return await work();
    } finally {
      hold(true);
    }
  };
  const uidnext = () => world.folderOf(email, "INBOX").uidnext;
  return {
    folders: () => ask("list", () => inner.folders()),
    status: (path) =>
      ask("status", () => {
        if (path === "INBOX") seen = uidnext();
        return inner.status(path);
      }),
    fetchFrom: (path, from_uid, limit) =>
      ask("fetch", async () => {
        if (path === "INBOX") seen = uidnext();
        return (await inner.fetchFrom(path, from_uid, limit)).map(cut);
      }),
    fetchHeaders: (path, from_uid, limit) =>
      ask("fetch", () => inner.fetchHeaders(path, from_uid, limit)),
    firstUidSince: (path, since) => ask("search", () => inner.firstUidSince(path, since)),
    findByHeader: (path, header, value) =>
      ask("search", () => inner.findByHeader(path, header, value)),
    append: (path, bytes, flags) => ask("append", () => inner.append(path, bytes, flags)),
    wait(ms, wake) {
      hold(false);
      const { promise, resolve } = Promise.withResolvers<"news" | "quiet">();
      const woken = waiting.get(email) ?? new Set();
      waiting.set(email, woken);
      let over = false;
      const end = (what: "news" | "quiet") => () => {
        if (over) return;
        over = true;
        hold(true);
        cancel();
        woken.delete(news);
        resolve(what);
      };
      const news = () => void time.after(100, end("news"), owner);
      const cancel = time.idle(ms, end("quiet"), owner);
      woken.add(news);
      if (uidnext() > seen) news();
      if (wake.aborted) time.after(0, end("quiet"), owner);
      else wake.addEventListener("abort", () => time.after(0, end("quiet"), owner), { once: true });
      return promise;
    },
    async close() {
      hold(false);
      await inner.close();
    },
  };
}
