/** The elements that all pages are built from. */

export { axisOf, isWide, turned } from './axes';
export type { Axis } from './axes';
export { Change, directionOf, judged } from './change';
export type { Direction } from './change';
export { Button, Chip, Choice, IconButton, Segments, Tick } from './controls';
export { Card } from './card';
export { useChanges } from './changes';
export { Command, InTerminal } from './command';
export { FindingRow, placeOf } from './finding';
export { Icon } from './icon';
export type { IconName } from './icon';
export { isWithin, ParallelLines } from './parallel';
export type { Across, Brushes } from './parallel';
export { Menu, Popover } from './popover';
export type { Entry } from './popover';
export { ProblemBox } from './problem';
export { Spark, sparkline } from './spark';
export { State } from './state';
export { Tabs } from './tabs';
export type { Tab } from './tabs';
export { TextForm } from './textform';
export { Thumb } from './thumb';
export { useHeight, useWidth } from './width';
