import type { IdempotentAnswer, Kinds } from './store.ts'

/** A model, told by its number. */
export function model(lastNumber = 0, description = ''): Kinds['model'] {
  return { project: 'p', name: 'm', description, labels: { stable: lastNumber }, lastNumber }
}

export function event(name: string) {
  return { project: 'p', kind: 'model', name, type: 'made', level: 'info', message: 'made', details: { name } } as const
}

export function answer(expiresAtMs: number, request = 'a'): IdempotentAnswer {
  return { request, status: 201, body: '{"a":1}', headers: { etag: '"1"' }, expiresAtMs }
}

export const audited = {
  project: 'p',
  principal: 'p/ci',
  peer: '127.0.0.1',
  action: 'models:write',
  resource: 'models/m',
  outcome: 'done',
  details: {},
} as const
