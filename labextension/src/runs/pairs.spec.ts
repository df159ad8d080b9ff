import { describe, expect, it } from 'vitest';

import { grouped, judgedFirst, named, overlaid } from './pairs';

describe('named', () => {
  it('knows which data a metric is of, before or after its name', () => {
    expect(named('train_loss')).toEqual({
      base: 'loss',
      part: 'train',
      isTrain: true
    });
    expect(named('loss/val').base).toBe('loss');
    expect(named('validation.f1_score')).toMatchObject({
      base: 'f1_score',
      isTrain: false
    });
    expect(named('val')).toMatchObject({ base: 'val', part: '' });
    expect(named('value_loss').base).toBe('value_loss'); // no data set is called so
  });
});

describe('grouped', () => {
  it('puts training and validation together, also where the one of training has no prefix', () => {
    expect(
      grouped(['train/loss', 'val/loss', 'val/auc', 'acc', 'val_acc'])
    ).toEqual([
      ['loss', ['train/loss', 'val/loss']],
      ['val/auc', ['val/auc']],
      ['acc', ['acc', 'val_acc']]
    ]);
  });

  it('leaves two alone that are both of validation', () => {
    expect(grouped(['val_loss', 'test_loss']).map(([title]) => title)).toEqual([
      'val_loss',
      'test_loss'
    ]);
  });
});

describe('overlaid', () => {
  it('draws each run once a metric, training dotted', () => {
    const line = { id: 'r', name: '#1', hue: '--c1', dashed: false };
    const course = { id: 'r', places: [1], times: [1], values: [1] };
    const found = overlaid([line], ['loss', 'val_loss'], {
      loss: [course],
      val_loss: [course]
    });
    expect(found.lines.map(own => [own.name, own.dotted ?? false])).toEqual([
      ['#1 train', true],
      ['#1 val', false]
    ]);
    expect(found.courses.map(own => own.id)).toEqual(
      found.lines.map(own => own.id)
    );
  });
});

describe('the metrics of a run', () => {
  it('begin with those that it is judged by, and keep their order otherwise', () => {
    const names = ['train/loss', 'val/loss', 'auc', 'loss_train', 'training'];
    expect(judgedFirst(names)).toEqual([
      'val/loss',
      'auc',
      'training',
      'train/loss',
      'loss_train'
    ]);
  });

  it('are led by those whose name says what is better', () => {
    expect(judgedFirst(['len(rows)', 'loss', 'slope'])).toEqual([
      'loss',
      'len(rows)',
      'slope'
    ]);
  });
});
