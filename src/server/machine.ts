import { createHash } from 'node:crypto'
import { arch, availableParallelism, cpus, platform } from 'node:os'

/** A class of machines on which the same model takes the same time: processor, cores that we may use, platform. */
export function machineClass(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  const text = [platform(), arch(), model, availableParallelism()].join('\n')
  return `${platform()}-${arch()}-${availableParallelism()}x-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}
