import type { Command, ListedCommand } from './command.ts'

/** Every command, in the order of `slipway --help`. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'serve',
    heading: 'models and servers, on this machine',
    summary: 'serve models over HTTP (as a Lambda function where Lambda started it)',
    load: async () => anyOptions((await import('./serve.ts')).serveCommand),
  },
  {
    name: 'up',
    summary: 'start the platform: endpoints that are deployed, scaled, secured and monitored',
    load: async () => anyOptions((await import('./up.ts')).upCommand),
  },
  {
    name: 'inspect',
    summary: 'show what is in a model file or a bundle, refused ones too, without running it',
    load: async () => anyOptions((await import('./inspect.ts')).inspectCommand),
  },
  {
    name: 'compile',
    summary: 'make a bundle of a model file; pack or unpack one',
    load: async () => anyOptions((await import('./compile.ts')).compileCommand),
  },
  {
    name: 'predict',
    summary: 'answer one request, without a server',
    load: async () => anyOptions((await import('./predict.ts')).predictCommand),
  },
  {
    name: 'batch',
    summary: 'score a file of rows',
    load: async () => anyOptions((await import('./batch.ts')).batchCommand),
  },
  {
    name: 'verify',
    summary: 'compare what a model answers here with what was recorded, or with answers of yours',
    load: async () => anyOptions((await import('./verify.ts')).verifyCommand),
  },
  {
    name: 'package',
    summary: 'make an OCI image of a model',
    load: async () => anyOptions((await import('./package.ts')).packageCommand),
  },
  {
    name: 'deploy',
    heading: 'on the platform',
    summary: 'bring a model to the platform and follow it until its endpoint answers',
    load: async () => anyOptions((await import('./deploy.ts')).deployCommand),
  },
  {
    name: 'apply',
    summary: 'make the platform what a file says, once it is shown what that changes',
    load: async () => anyOptions((await import('./apply.ts')).applyCommand),
  },
  {
    name: 'get',
    summary: 'list what the platform holds: endpoints, models, versions, keys, …',
    load: async () => anyOptions((await import('./get.ts')).getCommand),
  },
  {
    name: 'describe',
    summary: 'show all of one endpoint, version, rollout, …',
    load: async () => anyOptions((await import('./describe.ts')).describeCommand),
  },
  {
    name: 'rollout',
    summary: 'follow, promote, roll back or cancel the change of an endpoint',
    load: async () => anyOptions((await import('./rollout.ts')).rolloutCommand),
  },
  {
    name: 'undo',
    summary: 'make an endpoint what it was before',
    load: async () => anyOptions((await import('./undo.ts')).undoCommand),
  },
  {
    name: 'label',
    summary: 'give versions of a model names that move: stable',
    load: async () => anyOptions((await import('./label.ts')).labelCommand),
  },
  {
    name: 'delete',
    summary: 'take an endpoint, a version, a key, … away',
    load: async () => anyOptions((await import('./delete.ts')).deleteCommand),
  },
  {
    name: 'pause',
    summary: 'have an endpoint answer nothing until it is resumed',
    load: async () => anyOptions((await import('./pause.ts')).pauseCommand),
  },
  {
    name: 'resume',
    summary: 'have a paused endpoint answer again',
    load: async () => anyOptions((await import('./pause.ts')).resumeCommand),
  },
  {
    name: 'cancel',
    summary: 'end the making of a version, or a rollout',
    load: async () => anyOptions((await import('./cancel.ts')).cancelCommand),
  },
  {
    name: 'logs',
    heading: 'what the platform tells',
    summary: 'show what an endpoint said',
    load: async () => anyOptions((await import('./logs.ts')).logsCommand),
  },
  {
    name: 'events',
    summary: 'show what the platform did',
    load: async () => anyOptions((await import('./events.ts')).eventsCommand),
  },
  {
    name: 'audit',
    summary: 'show who did, or was refused to do, what',
    load: async () => anyOptions((await import('./audit.ts')).auditCommand),
  },
  {
    name: 'captures',
    summary: 'show, follow or take home the requests that an endpoint kept',
    load: async () => anyOptions((await import('./captures.ts')).capturesCommand),
  },
  {
    name: 'top',
    summary: 'watch traffic, errors and latencies of the endpoints',
    load: async () => anyOptions((await import('./top.ts')).topCommand),
  },
  {
    name: 'status',
    summary: 'show which platform is reached, with whose key, and what runs there',
    load: async () => anyOptions((await import('./status.ts')).statusCommand),
  },
  {
    name: 'log-level',
    summary: "show or set how much the platform's own log tells",
    load: async () => anyOptions((await import('./log-level.ts')).logLevelCommand),
  },
  {
    name: 'key',
    heading: 'keys, certificates, settings',
    summary: 'make, list and remove the keys that requests need',
    load: async () => anyOptions((await import('./key.ts')).keyCommand),
  },
  {
    name: 'ca',
    summary: "give out the certificate of the platform's own CA",
    load: async () => anyOptions((await import('./ca.ts')).caCommand),
  },
  {
    name: 'config',
    summary: 'show what serve would be set to, and where each setting comes from',
    load: async () => anyOptions((await import('./config.ts')).createConfigCommand(COMMANDS)),
  },
]

/** Each command knows its own options' types; the one who runs them all parses by the table that comes along. */
function anyOptions(command: object): Command {
  return command as Command
}
