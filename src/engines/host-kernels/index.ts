export { hostKernels } from './engine.ts'
