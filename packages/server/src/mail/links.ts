/** Makes the links of mails: from the configuration, never from what a request says of itself. */
export interface LinkMaker {
  /** How the service calls itself. */
  readonly service: string
  /**
   * The page for one act. What it may do stands behind the #, so that no server's log, no referrer and no scanner that
   * fetches the page ever sees it: opening the link does nothing, and the page confirms with a call.
   */
  to(page: string, token?: string): string
}

export function createLinkMaker(base: string, service: string): LinkMaker {
  return {
    service,
    to: (page, token) => `${base}/${page}${token === undefined ? '' : `#${token}`}`,
  }
}
