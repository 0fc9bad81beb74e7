import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem, type } from 'node:os'
import { VERSION } from '../../src/server/version.ts'
import type { Machine } from './results.ts'

/**
 * What kind of machine this is, in words that name no machine.
 * @param python interpreter of the peers
 * @param wrk its version
 */
export function describeMachine(python: string, wrk: string): Machine {
  const asked =
    'import platform, fastapi, onnxruntime as o; print(platform.python_version(), fastapi.__version__, o.__version__)'
  const { stdout } = spawnSync(python, ['-c', asked], { encoding: 'utf8' })
  const [pythonVersion = '', fastapi = '', onnxruntime = ''] = stdout.trim().split(' ')
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: systemName(),
    versions: {
      Slipway: VERSION,
      Node: process.versions.node,
      Python: pythonVersion,
      FastAPI: fastapi,
      'ONNX Runtime (Python)': onnxruntime,
      wrk,
    },
  }
}

function systemName(): string {
  if (!existsSync('/etc/os-release')) return type()
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? type()
}
