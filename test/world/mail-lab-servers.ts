// The two servers of a mail lab as something that can be stopped and started again.
import { startDovecot } from "./mail-lab-dovecot.ts";
import type { LabPlan } from "./mail-lab-plan.ts";
import { startPostfix } from "./mail-lab-postfix.ts";
import { killServer, type ServerProcess, stopServer } from "./mail-lab-process.ts";
import { imapReady, smtpReady } from "./mail-lab-ready.ts";

export interface LabServer {
  /** Resolves when every port greets. Does nothing where it runs already. */
  start(): Promise<void>;
  /** Resolves when no process of it is left. Connections are cut. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** As a power cut: no goodbye to anybody. */
  kill(): Promise<void>;
}

/** Postfix: all SMTP ports, the queue, the MX. Submission does not start without Dovecot. */
export function smtpServer({ dir, ports }: LabPlan): LabServer {
  return labServer({
    start: () => startPostfix(dir),
    ready: (server) => smtpReady(server, ports),
    work_dir: `${dir}/queue`,
  });
}

/** Dovecot: all IMAP ports, LMTP, and the logins of submission. */
export function imapServer({ dir, ports }: LabPlan): LabServer {
  return labServer({
    start: () => startDovecot(dir),
    ready: (server) => imapReady(server, ports, dir),
    work_dir: `${dir}/run`,
  });
}

interface Startable {
  start: () => ServerProcess;
  ready: (server: ServerProcess) => Promise<void>;
  /** Where its processes work, and nobody else's. */
  work_dir: string;
}

function labServer(startable: Startable): LabServer {
  let running: ServerProcess | null = null;
  const start = async () => {
    if (running !== null) return;
    running = startable.start();
    await startable.ready(running);
  };
  const end = (by: typeof stopServer) => async () => {
    if (running === null) return;
    const server = running;
    running = null;
    await by(server, startable.work_dir);
  };
  const stop = end(stopServer);
  const restart = async () => {
    await stop();
    await start();
  };
  return { start, stop, restart, kill: end(killServer) };
}
