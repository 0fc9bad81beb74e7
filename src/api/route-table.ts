import type { KeyRecord } from '../auth/key-record.ts'
import type { CaptureSpec, EndpointSpec } from './resources.ts'

/**
 * All that the runners of one project need to answer requests: computed by control, kept in a file
 * (`routes/<project>.json` in the data folder), read by runners, and good for ever while control is away.
 * Level-triggered: whoever reads it makes it so, whatever was before. A runner never reads that of another project.
 */
export interface RouteTable {
  readonly formatVersion: 1
  readonly project: string
  /** Grows with each change. */
  readonly revision: number
  readonly endpoints: readonly RouteEndpoint[]
  /** Of this project, and those of the whole platform. Revoked and expired ones are not in it, or are refused by their times. */
  readonly keys: readonly KeyRecord[]
}

export interface RouteEndpoint {
  readonly name: string
  readonly isPaused: boolean
  readonly variants: readonly RouteVariant[]
  readonly sticky?: EndpointSpec['sticky']
  readonly capture?: CaptureSpec | undefined
}

export interface RouteVariant {
  readonly name: string
  readonly model: string
  /** Number of the version. */
  readonly number: number
  /** The bundle's, 64 hexadecimal digits. */
  readonly digest: string
  /** Folder of the bundle on this machine; empty while it is not known. */
  readonly folder: string
  /**
   * The bundle is being brought to this machine: nobody can load it yet, and requests for it wait or are told so. Never of
   * one whose folder was told before.
   */
  readonly isComing?: true | undefined
  /** Whether this very build wrote the bundle's graphs once it had validated them. */
  readonly isOurs: boolean
  /** Labels of the model that stand for this version. */
  readonly labels: readonly string[]
  /** Share of the traffic relative to the others; 0 gets only requests that name it. */
  readonly weight: number
  /** Share of the traffic, 0 to 1, of which it gets a copy. */
  readonly shadow?: number | undefined
  readonly isolation: 'runner' | 'process'
  /**
   * How many runners shall hold it loaded. Which ones, everybody computes alike (`placeReplicas`). 0: the first of them
   * loads it when a request comes.
   */
  readonly replicas: number
  readonly maxReplicas: number
  /** In-flight requests that one replica answers well. */
  readonly targetInFlight: number
  /** Memory that a replica is expected to take (bytes). */
  readonly memoryBytes: number
  /** How long a load is expected to take (ms): what a caller that waits is told. */
  readonly loadMs: number
}

/**
 * The order in which runners hold a variant: the first `replicas` of it do. Rendezvous hashing, so that a change of the number
 * of runners moves as little as can be.
 * Each endpoint holds its versions for itself, under its own name.
 * @param endpoint its name @param digest the version's
 * @param runners how many there are in the project's group
 * @returns indices of runners, counted from 0
 */
export function placeReplicas(endpoint: string, digest: string, runners: number): number[] {
  const score = (runner: number) => {
    // FNV-1a with a final mix, over the names and the runner's index
    let hash = 0x811c9dc5
    const text = `${endpoint} ${digest} ${runner}`
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash ^= hash >>> 16
    hash = Math.imul(hash, 0x85ebca6b)
    hash ^= hash >>> 13
    return hash >>> 0
  }
  return Array.from({ length: runners }, (_, runner) => runner).toSorted((a, b) => score(b) - score(a) || a - b)
}
