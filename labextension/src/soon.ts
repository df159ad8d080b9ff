/** What is looked at soon after it has changed. */

import { Throttler } from '@lumino/polling';

const PAUSE = 150; // milliseconds

/**
 * Acts soon after it is asked to. Many wishes at once are one; one that comes while it acts is not lost, as
 * `Throttler` alone would lose it: what it looks at may have changed since it looked, so it acts once more.
 */
export class Soon {
  /** `pause` is the time, in milliseconds, within which many wishes are one. */
  constructor(
    private readonly _act: () => Promise<void>,
    private readonly _pause = PAUSE
  ) {
    this._throttler = new Throttler(() => this._actUntilDone(), {
      limit: _pause,
      edge: 'trailing'
    });
  }

  /** Something has changed. */
  ask(): void {
    this._isWanted = true;
    void this._throttler.invoke();
  }

  /** It acts no more. */
  dispose(): void {
    this._throttler.dispose();
  }

  private async _actUntilDone(): Promise<void> {
    this._isWanted = false;
    await this._act();
    while (this._isWanted) {
      await new Promise(resolve => setTimeout(resolve, this._pause));
      if (this._throttler.isDisposed) {
        return;
      }
      this._isWanted = false;
      await this._act();
    }
  }

  private _isWanted = false;
  private readonly _throttler: Throttler<void>;
}
