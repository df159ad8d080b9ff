import { describe, expect, it } from 'vitest';

import { commandOf } from './watch';

describe('watching a model', () => {
  it('is a command with what the form says', () => {
    const watching = { data: ' incoming/*.csv ', every: '1h', target: '' };
    expect(commandOf('mlops-jlab', 'flights', watching)).toBe(
      "mlops-jlab monitor flights --data 'incoming/*.csv' --every 1h"
    );
    expect(
      commandOf('mlops-jlab', 'my model', { ...watching, target: 'is late' })
    ).toBe(
      "mlops-jlab monitor 'my model' --data 'incoming/*.csv' --target 'is late' --every 1h"
    );
  });
});
