import { join } from 'node:path'
import { ROOT } from './paths.ts'
import { checkPrediction, checkSize, MODEL_FILE } from './question.ts'
import type { ServerPlan } from './servers.ts'

export interface PlanOptions {
  /** Where logs and Slipway's compiled models go. */
  readonly folder: string
  /** Interpreter with the peers' packages. */
  readonly python: string
  /** Arguments of a further Slipway to measure beside the default one. */
  readonly variant: readonly string[] | undefined
}

/** Slipway as it ships: one file, every setting at its default. */
export function slipwayPlan(options: PlanOptions, name = 'slipway', extra: readonly string[] = []): ServerPlan {
  return nodePlan(options, name, [join(ROOT, 'dist/slipway.js')], extra)
}

/** Slipway unbuilt, as somebody who works on it starts it. */
export function sourcePlan(options: PlanOptions): ServerPlan {
  return nodePlan(options, 'slipway-source', [join(ROOT, 'src/cli/main.ts')], [])
}

function nodePlan(
  { folder }: PlanOptions,
  name: string,
  entry: readonly string[],
  extra: readonly string[],
): ServerPlan {
  return {
    name,
    command: process.execPath,
    args: (port) => [...entry, 'serve', MODEL_FILE, '--port', `${port}`, '--data', join(folder, 'data'), ...extra],
    check: checkPrediction,
    logFile: join(folder, `${name}.log`),
  }
}

const UVICORN = '--workers 1 --loop uvloop --http httptools --no-access-log --log-level warning'

/** FastAPI on one Uvicorn worker, with its fast event loop and parser and without a line per request in the log. */
export function fastapiPlan({ folder, python }: PlanOptions): ServerPlan {
  return {
    name: 'fastapi',
    command: python,
    args: (port) => `-m uvicorn fastapi_app:app --host 127.0.0.1 --port ${port} ${UVICORN}`.split(' '),
    env: {
      ORT_DISABLE_TELEMETRY: '1',
      FRAUD_MODEL: MODEL_FILE,
      PYTHONPATH: join(import.meta.dirname, 'peers'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
    check: checkPrediction,
    logFile: join(folder, 'fastapi.log'),
  }
}

/** @param answerBytes size of Slipway's answer */
export function staticPlan({ folder }: PlanOptions, answerBytes: number): ServerPlan {
  return {
    name: 'static',
    command: process.execPath,
    args: (port) => [join(import.meta.dirname, 'peers/static.ts'), `${port}`, `${answerBytes}`],
    check: checkSize(answerBytes),
    logFile: join(folder, 'static.log'),
  }
}

/** All servers of a comparison, in the order of the tables. */
export function allPlans(options: PlanOptions, answerBytes: number): ServerPlan[] {
  const variant = options.variant === undefined ? [] : [slipwayPlan(options, 'slipway-variant', options.variant)]
  return [fastapiPlan(options), slipwayPlan(options), sourcePlan(options), ...variant, staticPlan(options, answerBytes)]
}
