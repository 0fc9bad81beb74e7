/** A request is run so often at most, whoever begins it: inference may be repeated, but what fails twice fails. */
const MOST_RUNS = 2

/** Where one request was run so far: kept by whoever may send it again, counted wherever it is run. */
export class Trials {
  /** Runs that were begun, but for those of whom it was said that they were not. */
  runs = 0
  /** Sockets of those who ran it and failed. */
  failedAt: Set<string> | undefined = undefined

  get mayRun(): boolean {
    return this.runs < MOST_RUNS
  }

  failed(socket: string): void {
    this.failedAt ??= new Set()
    this.failedAt.add(socket)
  }
}
