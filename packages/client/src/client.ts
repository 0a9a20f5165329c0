import type {
  Factor,
  PasskeyAssertion,
  PasskeyRequestOptions,
  Profile,
  Session,
  TotpEnrollment,
} from './contract.generated.ts'

export interface ClientOptions {
  /** Where Countersign serves its API, without `/api`: `https://auth.example.com`. Default: the page's own origin. */
  readonly url?: string
  /**
   * Origins beside `url` and the page's own that `fetch` may send the access token to. Calls to any other go without.
   */
  readonly origins?: readonly string[]
  /**
   * How the refresh token travels. `cookie`: httpOnly, out of reach of scripts, shared by all tabs. `body`: kept in
   * memory, for Node and other clients without cookies. Default: `cookie` where there is a page, else `body`.
   */
  readonly delivery?: 'cookie' | 'body'
  /** With `body`: a refresh token kept from an earlier run. */
  readonly refreshToken?: string
  /**
   * With `body`: hears of every new refresh token, and of `undefined` when the session is over. Keep it where nobody else
   * reads it.
   */
  readonly onRefreshToken?: (refreshToken: string | undefined) => void
  /** Default: the global fetch. */
  readonly fetch?: typeof fetch
}

export type ChangeReason =
  /** A log-in, here or in another tab. */
  | 'signed_in'
  /** The session of an earlier visit was taken up again. */
  | 'restored'
  /** A log-out, here or in another tab. */
  | 'signed_out'
  /** The server ended the session, or it expired. */
  | 'ended'
  /** The user's profile is another than before. */
  | 'updated'

export interface Change {
  readonly user: Profile | null
  readonly reason: ChangeReason
}

/** Every method that calls the server rejects with CountersignError. */
export interface Client {
  /** The user who is signed in; null when nobody is; undefined until `ready` has found out. */
  readonly user: Profile | null | undefined
  /** Takes up the session of an earlier visit, if there is one. @returns the user, or null */
  ready(): Promise<Profile | null>
  /** Makes an account. It does not log in. */
  register(account: {
    readonly username: string
    readonly password: string
    readonly email?: string
  }): Promise<Profile>
  /**
   * By user name or verified address. An account with a second factor rejects with `mfa_required`, whose `mfaToken` goes
   * into `proveSecondFactor`.
   */
  login(credentials: { readonly username: string; readonly password: string }): Promise<Profile>
  /** Completes a log-in that was told `mfa_required`. */
  proveSecondFactor(proof: {
    readonly mfaToken: string
    readonly factor: 'totp' | 'recovery' | 'email' | 'password'
    readonly code: string
  }): Promise<Profile>
  /** The user's second factors. What adds or removes one needs a recent log-in and ends every other session. */
  readonly factors: {
    list(): Promise<readonly Factor[]>
    rename(id: string, name: string): Promise<Factor>
    remove(id: string): Promise<void>
    /**
     * A fresh secret for an authenticator app, which waits for its first code. With the `mfaToken` of a log-in that was
     * told `mfa_enrollment_required`, nobody has to be signed in.
     */
    beginTotp(mfaToken?: string): Promise<TotpEnrollment>
    /** Adds the app that makes this code, in place of the one before. With an `mfaToken` the user is signed in then. */
    confirmTotp(proof: {
      readonly code: string
      /** For people: "Phone". */
      readonly name?: string
      readonly mfaToken?: string
    }): Promise<Factor>
    /** Ten codes, shown this once; those made before are void. */
    makeRecoveryCodes(): Promise<readonly string[]>
    /** Makes the verified address a second factor. */
    addEmail(): Promise<Factor>
    /** Has the code sent that a log-in goes on with whose `factors` name `email`. */
    sendEmailCode(mfaToken: string): Promise<void>
  }
  /** Proves again who the user is, after `insufficient_user_authentication`. */
  stepUp(proof: { readonly password: string }): Promise<Profile>
  /**
   * Passkeys, in browsers. What the browser or its user turns down rejects with the browser's own error
   * (`NotAllowedError`; `AbortError` when something else was asked since).
   */
  readonly passkeys: {
    /** Whether `login({ mediation: 'conditional' })` can offer passkeys in the autofill of a field. */
    canAutofill(): Promise<boolean>
    /**
     * Makes one for the user, who logged in lately; or, with the `mfaToken` of `mfa_enrollment_required`, completes the
     * log-in with it.
     */
    add(wish?: { readonly name?: string; readonly mfaToken?: string }): Promise<Factor>
    /**
     * The whole log-in. With `conditional` it waits until the user picks a passkey in a field with
     * `autocomplete="username webauthn"`; any other question for a passkey ends the wait.
     */
    login(how?: {
      readonly mediation?: 'conditional'
      readonly signal?: AbortSignal
    }): Promise<Profile>
    /** Completes a log-in that was told `mfa_required` with `passkey` among its factors. */
    proveSecondFactor(mfaToken: string): Promise<Profile>
    /** Proves again who the user is, after `insufficient_user_authentication`. */
    stepUp(): Promise<Profile>
    /** Asks for a passkey with the `passkey` of an error: `mail.resetPassword` takes the answer as `response`. */
    ask(options: PasskeyRequestOptions): Promise<PasskeyAssertion>
  }
  /** The ways back in by mail. `token` is what stands behind the # of a mail's link. */
  readonly mail: {
    forgotPassword(email: string): Promise<void>
    resetPassword(reset: {
      readonly token: string
      readonly newPassword: string
      readonly factor?: 'totp' | 'recovery' | 'email' | 'password' | 'passkey'
      readonly code?: string
      readonly response?: PasskeyAssertion
    }): Promise<void>
    verify(
      proof:
        | { readonly token: string; readonly password: string }
        | { readonly token: string; readonly newPassword: string },
    ): Promise<void>
    changeAddress(email: string): Promise<void>
    confirmAddress(token: string): Promise<void>
    /** @returns the challenge that goes along with the code */
    requestCode(email: string): Promise<string>
    loginWithCode(code: { readonly challenge: string; readonly code: string }): Promise<Profile>
    loginWithLink(token: string): Promise<Profile>
  }
  /** Ends the session, in every tab. */
  logout(): Promise<void>
  /** Ends every session of the user, on all devices. */
  logoutAll(): Promise<void>
  /** Changes the password; every other session ends. */
  changePassword(change: {
    readonly currentPassword: string
    readonly newPassword: string
  }): Promise<void>
  readonly sessions: {
    list(): Promise<readonly Session[]>
    end(id: string): Promise<void>
  }
  /** Calls the listener when somebody signs in or out, or the session ends. @returns what stops it */
  onChange(listener: (change: Change) => void): () => void
  /**
   * The global fetch with a fresh access token. After a 401 it refreshes and sends the request once more, unless its
   * body is a stream or somebody else has signed in meanwhile. Relative URLs are resolved against `url`.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** A fresh access token, for sockets and the like; undefined when nobody is signed in. */
  accessToken(): Promise<string | undefined>
  /** Stops timers and listeners; the session goes on for other tabs. */
  close(): void
}
