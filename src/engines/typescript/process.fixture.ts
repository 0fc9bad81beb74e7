import { runCodeProcess } from './worker.ts'

runCodeProcess()
