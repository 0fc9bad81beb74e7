import type { Command, ListedCommand } from './command.ts'

/** Every command, in the order of `slipway --help`. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'serve',
    summary: 'serve models over HTTP (as a Lambda function where Lambda started it)',
    load: async () => anyOptions((await import('./serve.ts')).serveCommand),
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
    name: 'key',
    summary: 'make, list and remove the keys that requests need',
    load: async () => anyOptions((await import('./key.ts')).keyCommand),
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
