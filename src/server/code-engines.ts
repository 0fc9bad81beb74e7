import type { Engine } from '../engines/engine.ts'
import type { CodeEvents } from '../engines/processes/events.ts'
import { createPythonEngine } from '../engines/python/engine.ts'
import { PYTHON } from '../engines/python/settings.ts'
import { createTypeScriptEngine } from '../engines/typescript/engine.ts'
import { log } from './log.ts'
import type { CodeSettings, PlaneSettings } from './settings.ts'

/** Engines that this process has besides those of every process: those for code, where the operator allows it. */
export function moreEngines({ python, typescript }: CodeSettings): readonly Engine[] {
  return [
    ...(python === undefined ? [] : [createPythonEngine(python, EVENTS)]),
    ...(typescript === undefined ? [] : [createTypeScriptEngine(typescript, TYPESCRIPT_EVENTS)]),
  ]
}

/** Settings of a data plane that runs code too, where that is allowed. */
export function withCode(settings: PlaneSettings, { python, typescript }: CodeSettings): PlaneSettings {
  const allowed = { ...settings, typescript }
  return python === undefined ? allowed : { ...allowed, python, engines: [...settings.engines, PYTHON] }
}

const onEvent: NonNullable<CodeEvents['onEvent']> = (level, text, fields) => log(level, text, fields)

const EVENTS: CodeEvents = {
  onOutput: (model, text) => log('info', text, { event: 'python_output', file: model }),
  onEvent,
}

const TYPESCRIPT_EVENTS: CodeEvents = {
  onOutput: (model, text) => log('info', text, { event: 'typescript_output', file: model }),
  onEvent,
}
