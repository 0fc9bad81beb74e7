import { createHash } from 'node:crypto'
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'

/** A class of machines on which the same model takes the same time: processor, cores that we may use, platform. */
export function machineClass(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  const text = [platform(), arch(), model, availableParallelism()].join('\n')
  return `${platform()}-${arch()}-${availableParallelism()}x-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}

/** @returns of this machine's memory, or of that which our container may have, in MiB */
export function shareOfMemoryMiB(share: number): number {
  const limit = process.constrainedMemory() // 0, or more than there is, where nothing limits us
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return Math.max(256, Math.floor((bytes * share) / 2 ** 20))
}

/** Of this machine's memory, what bodies of requests take in all runners together, unless the operator says otherwise. */
const BODY_SHARE = 1 / 4

/** @param wishedMiB of all runners together; 0 for the usual share @returns the part of each of them (MiB) */
export function bodyMemoryMiB(wishedMiB: number, runners: number): number {
  return (wishedMiB || shareOfMemoryMiB(BODY_SHARE)) / runners
}
