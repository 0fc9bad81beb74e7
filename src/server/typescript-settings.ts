import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { argumentsOf } from './spawn.ts'

/** What the operator says of code in TypeScript. */
export type TypeScriptWishes = Omit<TypeScriptSettings, 'command'>

/** How code in TypeScript is run on this machine. */
export function typescriptSettings(wishes: TypeScriptWishes): TypeScriptSettings {
  // rights for its start, while it reads our own program and the engine's library; it gives them up before it reads code
  const rights = ['--permission', '--allow-fs-read=*', '--allow-addons', '--allow-worker']
  const limits = [`--max-old-space-size=${wishes.memoryMiB}`, '--no-warnings', '--disable-sigusr1']
  return { ...wishes, command: [process.execPath, ...argumentsOf('code', [...rights, ...limits])] }
}
