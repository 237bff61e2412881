// The entry of the program: argv -> one of commands/. Everything heavy is loaded by the command that needs it, so that
// `imail version` takes milliseconds.

import { Command, CommanderError, Option } from "commander";

import { CommandError, complain, EXIT } from "./commands/output.ts";
import { type Flags, type ReadConfig, readConfig, type SettingName, SETTINGS } from "./config.ts";
import { openLog } from "./log.ts";
import { VERSION } from "./version.ts";

/** Adds the flags of some settings, with their environment variables, as the table of settings has them. */
function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const { name, flag, env, meaning, default: otherwise } of SETTINGS) {
    if (flag === null || !names.includes(name)) continue;
    command.addOption(new Option(flag, `${meaning} (default: ${otherwise})`).env(env));
  }
  return command;
}

const attributeOf = (name: SettingName) =>
  name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The settings as this command line and environment say. The environment is read by config.ts, with its files. */
function settingsOf(command: Command): ReadConfig {
  const flags: Flags = {};
  for (const { name } of SETTINGS) {
    const attribute = attributeOf(name);
    if (command.getOptionValueSource(attribute) !== "cli") continue;
    const value: unknown = command.getOptionValue(attribute);
    flags[name] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return readConfig(flags, process.env);
}

const JSON_FLAG: [string, string] = ["--json", "print JSON on a terminal, too"];

/** All that can stand on a command line. */
const SERVE_SETTINGS = SETTINGS.filter(({ flag }) => flag !== null).map(({ name }) => name);

function addServe(program: Command): void {
  const serve = program.command("serve").summary("run imail (what `imail` alone does)");
  withSettings(serve, SERVE_SETTINGS).action(async (_options, command: Command) => {
    const { serve: run } = await import("./commands/serve.ts");
    process.exitCode = await run(settingsOf(command).config);
  });
}

function addKeys(program: Command): void {
  const keys = program.command("keys").summary("make, list and revoke API keys");
  withSettings(keys.command("create").summary("make an API key and show it once"), ["dir"])
    .addOption(
      new Option("--mode <mode>", "what the key can reach")
        .choices(["live", "test"])
        .makeOptionMandatory(),
    )
    .option("--scopes <scopes>", "all, or some of them with commas between", "all")
    .option("--workspace <id>", "the workspace, where there are several")
    .option("--name <name>", "what the key is for", "made on the command line")
    .option(...JSON_FLAG)
    .action(async (options: KeyOptions, command: Command) => {
      const { createKeys } = await import("./commands/keys.ts");
      await createKeys(settingsOf(command).config, options);
    });
  withSettings(keys.command("list").summary("list the API keys, without their secrets"), ["dir"])
    .option(...JSON_FLAG)
    .action(async (options: JsonOption, command: Command) => {
      const { listAllKeys } = await import("./commands/keys.ts");
      await listAllKeys(settingsOf(command).config, options.json);
    });
  withSettings(keys.command("revoke").summary("switch an API key off at once"), ["dir"])
    .argument("<id>", "the id of the key: key_…")
    .option(...JSON_FLAG)
    .action(async (id: string, options: JsonOption, command: Command) => {
      const { revokeOneKey } = await import("./commands/keys.ts");
      await revokeOneKey(settingsOf(command).config, id, options.json);
    });
}

function addWorkspaces(program: Command): void {
  const workspaces = program.command("workspaces").summary("list, make and change workspaces");
  withSettings(workspaces.command("list").summary("list the workspaces"), ["dir"])
    .option(...JSON_FLAG)
    .action(async (options: JsonOption, command: Command) => {
      const { listAllWorkspaces } = await import("./commands/workspaces.ts");
      await listAllWorkspaces(settingsOf(command).config, options.json);
    });
  withSettings(workspaces.command("create").summary("make a workspace, with data of its own"), [
    "dir",
  ])
    .requiredOption("--name <name>", "what it is called")
    .requiredOption("--zone <zone>", "its time zone, such as Europe/Berlin")
    .addOption(new Option("--tier <tier>", "what it may do").choices(TIERS))
    .option("--postal-address <address>", "the sender's postal address")
    .option(...JSON_FLAG)
    .action(async (options: NewWorkspaceOptions, command: Command) => {
      const { addWorkspace } = await import("./commands/workspaces.ts");
      await addWorkspace(settingsOf(command).config, options);
    });
  withSettings(workspaces.command("set").summary("change what is named"), ["dir"])
    .option("--workspace <id>", "the workspace, where there are several")
    .option("--name <name>", "what it is called")
    .option("--zone <zone>", "its time zone, such as Europe/Berlin")
    .addOption(new Option("--tier <tier>", "what it may do").choices(TIERS))
    .option("--postal-address <address>", "the sender's postal address")
    .option(...JSON_FLAG)
    .action(async (options: WorkspaceOptions, command: Command) => {
      const { setWorkspace } = await import("./commands/workspaces.ts");
      await setWorkspace(settingsOf(command).config, options);
    });
}

const TIERS = ["spark", "surge", "velocity", "apex"] as const;

interface WorkspaceOptions extends JsonOption {
  workspace?: string;
  name?: string;
  zone?: string;
  tier?: (typeof TIERS)[number];
  postalAddress?: string;
}

type NewWorkspaceOptions = WorkspaceOptions & { name: string; zone: string };

interface JsonOption {
  json?: boolean;
}

interface KeyOptions extends JsonOption {
  mode: "live" | "test";
  scopes: string;
  workspace?: string;
  name: string;
}

function addSetup(program: Command): void {
  const setup = program.command("setup").summary("make the first account");
  withSettings(setup, ["dir"])
    .option("--email <address>", "the account's address")
    .option("--password-file <path>", "a file with the password; - reads it from stdin")
    .option(...JSON_FLAG)
    .action(async (options: SetupOptions, command: Command) => {
      const { setUp } = await import("./commands/setup.ts");
      await setUp(settingsOf(command).config, options);
    });
}

interface SetupOptions extends JsonOption {
  email?: string;
  passwordFile?: string;
}

function addConfig(program: Command): void {
  const config = program.command("config").summary("show the settings");
  withSettings(
    config.command("show").summary("every setting, with where its value comes from"),
    SERVE_SETTINGS,
  )
    .option(...JSON_FLAG)
    .action(async (options: JsonOption, command: Command) => {
      const { showConfig } = await import("./commands/config.ts");
      showConfig(settingsOf(command), options.json);
    });
}

function addWatching(program: Command): void {
  const status = program.command("status").summary("how the server and its campaigns are");
  withSettings(status, ["dir"])
    .option(...JSON_FLAG)
    .action(async (options: JsonOption, command: Command) => {
      const { showStatus } = await import("./commands/status.ts");
      await showStatus(settingsOf(command).config, options.json);
    });
  const explain = program
    .command("explain")
    .summary("why a campaign sends nothing, or a lead gets no mail, and what to do about it");
  withSettings(explain, ["dir"])
    .argument("<id>", "the id of a campaign or a lead: cmp_… or lead_…")
    .option(...JSON_FLAG)
    .action(async (id: string, options: JsonOption, command: Command) => {
      const { explainOne } = await import("./commands/explain.ts");
      await explainOne(settingsOf(command).config, id, options.json);
    });
  const healthcheck = program
    .command("healthcheck")
    .summary("exit 0 when the server is up and does its work, 1 when not");
  withSettings(healthcheck, ["dir", "host", "port"])
    .option(...JSON_FLAG)
    .action(async (options: JsonOption, command: Command) => {
      const { checkHealth } = await import("./commands/healthcheck.ts");
      await checkHealth(settingsOf(command).config, options.json);
    });
  const doctor = program
    .command("doctor")
    .summary("what is wrong here, what it means and what to do about it");
  withSettings(doctor, ["dir"])
    .option("--logins", "log into every inbox's servers, too")
    .option(...JSON_FLAG)
    .action(async (options: DoctorOptions, command: Command) => {
      const { examine } = await import("./commands/doctor.ts");
      process.exitCode = await examine(settingsOf(command).config, options);
    });
}

interface DoctorOptions extends JsonOption {
  logins?: boolean;
}

function addBackup(program: Command): void {
  const backup = program.command("backup").summary("make, check and put back copies of the data");
  const passphrase: [string, string] = [
    "--passphrase-file <path>",
    "a file with the passphrase that seals the master key; - reads it from stdin",
  ];
  withSettings(backup.command("create").summary("make one, beside a running server too"), ["dir"])
    .option("--out <file>", "the file to make (default: a new one in backups/)")
    .option(...passphrase)
    .option(...JSON_FLAG)
    .action(async (options: BackupOptions, command: Command) => {
      const { createBackup } = await import("./commands/backup.ts");
      createBackup(settingsOf(command).config, options);
    });
  backup
    .command("verify")
    .summary("check every part of one")
    .argument("<file>", "the backup")
    .option(...JSON_FLAG)
    .action(async (file: string, options: JsonOption) => {
      const { verifyBackup } = await import("./commands/backup.ts");
      verifyBackup(file, options.json);
    });
  withSettings(backup.command("restore").summary("put one back; campaigns are paused then"), [
    "dir",
  ])
    .argument("<file>", "the backup")
    .option(...passphrase)
    .option(...JSON_FLAG)
    .action(async (file: string, options: BackupOptions, command: Command) => {
      const { restoreFrom } = await import("./commands/backup.ts");
      restoreFrom(settingsOf(command).config, file, options);
    });
}

interface BackupOptions extends JsonOption {
  out?: string;
  passphraseFile?: string;
}

function addDemo(program: Command): void {
  program
    .command("demo")
    .summary("play a campaign of 14 days in test mode, in seconds; nothing is sent")
    .option("--dir <path>", "keep the data in this new directory instead of a temporary one")
    .action(async (options: { dir?: string }) => {
      const { demo } = await import("./commands/demo.ts");
      await demo(options.dir ?? null);
    });
}

function addVersion(program: Command): void {
  program
    .command("version")
    .summary("say which imail this is")
    .option(...JSON_FLAG)
    .action(async (options: JsonOption) => {
      const { version } = await import("./commands/version.ts");
      version(options.json);
    });
}

function openProgram(): Command {
  const program = new Command("imail")
    .description(
      "Outbound e-mail from your own machine: your own mailboxes, one program, no cloud.",
    )
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const add of [
    addServe,
    addSetup,
    addKeys,
    addWorkspaces,
    addWatching,
    addConfig,
    addBackup,
    addDemo,
    addVersion,
  ])
    add(program);
  return program;
}

/** `imail` alone, or with flags only, is `imail serve`. */
function withVerb(args: readonly string[]): readonly string[] {
  const [first] = args;
  const own = ["-h", "--help", "-V", "--version"];
  const is_verb = first !== undefined && (!first.startsWith("-") || own.includes(first));
  return is_verb ? args : ["serve", ...args];
}

/** The exit code of a complaint. Help that was asked for is none. */
function exitOf(error: unknown): number {
  if (!(error instanceof CommanderError)) return complain(error);
  if (error.exitCode === 0) return EXIT.ok;
  return complain(new CommandError("usage", EXIT.usage, error.message.replace(/^error: /, "")));
}

/** A bug: its name, message and stack are logged, and the exit freezes what is being sent. A restart recovers it. */
function crash(error: unknown): never {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  openLog("error").error({ error: { name, message, stack } }, "imail has a bug and stops");
  process.exit(EXIT.crashed);
}

async function main(): Promise<void> {
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  try {
    await openProgram().parseAsync([...withVerb(process.argv.slice(2))], { from: "user" });
  } catch (error) {
    process.exitCode = exitOf(error);
  }
  // A timer or socket that is still there has nothing more to do; what was printed goes out first.
  process.stdout.write("", () => process.exit());
}

void main();
