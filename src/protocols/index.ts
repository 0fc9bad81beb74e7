import { docsPage } from './docs-page/docs-page.ts'
import { createOipRest } from './oip-rest/oip-rest.ts'
import type { Protocol } from './protocol.ts'
import { sagemaker } from './sagemaker/sagemaker.ts'

/** Every wire protocol that the server speaks. @param serverVersion what the protocols report as the server's version */
export function allProtocols(serverVersion: string): readonly Protocol[] {
  return [createOipRest(serverVersion), sagemaker, docsPage]
}
