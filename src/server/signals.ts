import { closeSync, openSync } from 'node:fs'

export interface OperatorSignals {
  /** SIGHUP. */
  readonly onReload: () => void
  /** SIGUSR2. */
  readonly onRestart: () => void
  /** SIGHUP when the terminal that the server was started in has gone. */
  readonly onHangup: () => void
}

/**
 * Listens to what operators say by signals.
 * @returns ends it
 */
export function listenToOperators({ onReload, onRestart, onHangup }: OperatorSignals): () => void {
  const isInTerminal = process.stdout.isTTY || process.stderr.isTTY
  const hangUp = () => (isInTerminal && !hasTerminal() ? onHangup() : onReload())
  process.on('SIGHUP', hangUp).on('SIGUSR2', onRestart)
  return () => process.off('SIGHUP', hangUp).off('SIGUSR2', onRestart)
}

/** Whether there is a terminal that we belong to: one that was closed is none. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
