import { ServingError } from '../../core/errors.ts'
import type { Verdict } from './backend.ts'

/** The database could not be used: the same may work later. */
export function unavailable(message: string, cause?: unknown, reason = 'store'): ServingError {
  return new ServingError('unavailable', message, { details: { reason }, ...(cause === undefined ? {} : { cause }) })
}

const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** @see https://sqlite.org/rescode.html: the low byte is the primary code */
export function judgeSqlite(error: unknown): Verdict {
  const code = numberAt(error, 'errcode')
  switch (code === undefined ? undefined : code & 0xff) {
    case BUSY:
    case LOCKED:
      return again(unavailable('the database is locked by another process; try again', error))
    case FULL:
      return final(unavailable('the disk that holds the database is full: make room and try again', error, 'disk_full'))
    case IOERR:
      return final(unavailable('the disk that holds the database fails: its log says why', error, 'disk'))
    case READONLY:
    case CANTOPEN:
      return final(unavailable('the database file cannot be written: check its folder and permissions', error, 'disk'))
    case CORRUPT:
    case NOTADB:
      return final(unavailable('the database file is damaged: restore it from a backup', error, 'damaged'))
    default:
      return final(ServingError.from(error))
  }
}

/** States of PostgreSQL that the same transaction may not meet again. @see PostgreSQL 15, appendix A */
const TRY_AGAIN: Readonly<Record<string, string>> = {
  '40001': 'transactions got in each other’s way',
  '40P01': 'transactions waited for each other',
  '55P03': 'a lock was not to be had',
  '53300': 'the database has no connection left',
  '57P03': 'the database is starting',
}

/** States after which the session is gone. */
const SESSION_ENDED = new Set(['57P01', '57P02', '57P05', '25P03'])

/** What the operating system and the client say of a connection that broke, or never came about. */
const LOST =
  /ECONN|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|terminat|timeout|closed|not queryable|connection/i

export function judgePostgres(error: unknown): Verdict {
  const state = textAt(error, 'code')
  const isState = state !== undefined && /^[0-9A-Z]{5}$/.test(state) && textAt(error, 'severity') !== undefined
  if (isState) {
    const severity = textAt(error, 'severity')
    const isEnd = severity === 'FATAL' || severity === 'PANIC'
    const verdict = judgeState(state, error)
    return isEnd ? { ...verdict, isLost: true } : verdict
  }
  if (error instanceof Error && (LOST.test(state ?? '') || LOST.test(error.message)))
    return { ...again(unavailable('the database cannot be reached; try again', error)), isLost: true }
  return final(ServingError.from(error))
}

function judgeState(state: string, error: unknown): Verdict {
  const reason = TRY_AGAIN[state]
  if (reason !== undefined) return again(unavailable(`${reason}; try again`, error))
  if (SESSION_ENDED.has(state) || state.startsWith('08'))
    return { ...again(unavailable('the database ended the connection; try again', error)), isLost: true }
  if (state === '53100')
    return final(unavailable('the database’s disk is full: make room and try again', error, 'disk_full'))
  if (state === '57014') return final(unavailable('the database took too long over a statement; try again', error))
  if (state === '25006')
    return final(unavailable('the database takes no writes: it is a replica, or set to read-only', error))
  if (state.startsWith('53') || state.startsWith('58') || state === 'XX001' || state === 'XX002')
    return final(unavailable('the database has failed: its log says why', error))
  if (state.startsWith('28') || state === '3D000' || state === '42501')
    return final(
      new ServingError(
        'unavailable',
        'the database refused us: check the user, the password and the name of the database',
        { cause: error, details: { reason: 'store', state } },
      ),
    )
  return final(ServingError.from(error))
}

function again(error: ServingError): Verdict {
  return { error, isTransient: true, isLost: false }
}

function final(error: ServingError): Verdict {
  return { error, isTransient: false, isLost: false }
}

function numberAt(error: unknown, name: string): number | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
  return typeof value === 'number' ? value : undefined
}

function textAt(error: unknown, name: string): string | undefined {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
  return typeof value === 'string' ? value : undefined
}
