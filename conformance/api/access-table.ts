/** The status that each kind of caller gets. */
export interface AccessRow {
  readonly anonymous: number
  /** A user, about an object of their own. */
  readonly user: number
  /** Another user, about the first one's object. */
  readonly otherUser: number
  /** An administrator, about the user's object. */
  readonly admin: number
}

const everybody = (status: number): AccessRow => ({
  anonymous: status,
  user: status,
  otherUser: status,
  admin: status,
})
const users = (status: number): AccessRow => ({ ...everybody(status), anonymous: 401 })
const administrators = (status: number): AccessRow => ({
  anonymous: 401,
  user: 403,
  otherUser: 403,
  admin: status,
})

/**
 * Who may do what: every operation of the OpenAPI document by its id (OWASP ASVS v5.0.0-8.1.1). A row that is missing
 * fails the suite, so nobody adds a route without saying who may call it.
 */
export const accessTable: Readonly<Record<string, AccessRow>> = {
  register: everybody(201),
  login: everybody(200),
  refresh: users(200),
  csrf: users(200),
  logout: everybody(204),
  logoutAll: users(204),
  listSessions: users(200),
  // Not even an administrator ends one session of another user here.
  endSession: { anonymous: 401, user: 204, otherUser: 404, admin: 404 },
  changePassword: users(200),
  stepUp: users(200),
  // What the sample requests bring opens nothing: no mail was read, and no log-in waits.
  forgotPassword: everybody(202),
  resetPassword: everybody(400),
  // Newcomers have no address.
  requestEmailVerification: users(400),
  verifyEmail: everybody(400),
  requestEmailChange: users(202),
  confirmEmailChange: everybody(400),
  undoEmailChange: everybody(400),
  requestSignInCode: everybody(202),
  signInWithCode: everybody(400),
  signInWithLink: everybody(400),
  // Newcomers have no address.
  addEmailFactor: users(400),
  listFactors: users(200),
  // The sample requests name none.
  renameFactor: users(404),
  removeFactor: users(404),
  beginTotpEnrollment: users(200),
  confirmTotpEnrollment: users(400),
  makeRecoveryCodes: users(409),
  sendSecondFactorCode: everybody(401),
  listSecurityEvents: users(200),
  deleteOwnAccount: users(204),
  proveSecondFactor: everybody(401),
  passkeySignInOptions: everybody(200),
  passkeySignIn: everybody(401),
  passkeySecondFactorOptions: everybody(401),
  passkeySecondFactor: everybody(401),
  // Newcomers have no passkey, and the sample of one is none.
  passkeyStepUpOptions: users(404),
  passkeyStepUp: users(400),
  passkeyRegistrationOptions: users(200),
  registerPasskey: users(400),

  publicInformation: everybody(200),
  ownProfile: users(200),
  changeProfile: users(200),
  createUser: administrators(201),
  listUsers: administrators(200),
  showUser: administrators(200),
  changeUser: administrators(200),
  deleteUser: administrators(204),
  endUserSessions: administrators(204),

  // For the credential of a service, which no user has.
  revocations: everybody(401),
  introspect: everybody(401),

  keySet: everybody(200),
  serverMetadata: everybody(200),
  accountPage: everybody(200),
  accountPageScript: everybody(200),
  accountPageFields: everybody(200),
  accountPageSecondFactor: everybody(200),
  accountPagePasskey: everybody(200),
  accountPageStyle: everybody(200),
  developmentMailbox: everybody(200),
  live: everybody(200),
  ready: everybody(200),
}
