import type { Socket } from 'node:net'
import { PREFACE } from './frames.ts'
import * as h2 from './frames.ts'
