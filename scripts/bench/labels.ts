import { PEERS } from './peers.ts'

/** How people call each server, in the order of the tables. */
const LABELS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(PEERS.map(({ name, label }) => [name, label])),
  'fastapi-joblib': 'FastAPI + scikit-learn',
  slipway: 'Slipway',
  'slipway-full': 'Slipway, keys and metrics',
  'slipway-source': 'Slipway, unbuilt',
  'slipway-variant': 'Slipway, variant',
  'slipway-platform': 'Slipway, platform',
  static: 'node:http, static',
  'static-grpc': 'node:http2, static',
}

/** Names of all servers that may take part, in the order of the tables. */
export const SERVER_NAMES = Object.keys(LABELS)

export function labelOf(server: string): string {
  return LABELS[server] ?? server
}
