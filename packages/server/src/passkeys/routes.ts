import type { Route } from '../routing/route.ts'
import { type PasskeyProofParts, passkeyProofRoutes } from './proof-routes.ts'
import { type PasskeyRegistrationParts, passkeyRegistrationRoutes } from './registration-routes.ts'
import { passkeySignInRoutes } from './sign-in-routes.ts'

export type PasskeyParts = PasskeyRegistrationParts & PasskeyProofParts

export function passkeyRoutes(parts: PasskeyParts): Route[] {
  return [
    ...passkeyRegistrationRoutes(parts),
    ...passkeySignInRoutes(parts),
    ...passkeyProofRoutes(parts),
  ]
}
