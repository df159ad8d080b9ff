/** What the server's routes answer: names for the types that are made from its OpenAPI file. */

import { components, paths } from './schema';

type Schemas = components['schemas'];

export type Status = Schemas['Status'];
export type Value = Schemas['Value'];
export type Run = Schemas['Run'];
export type RunDetail = Schemas['RunDetail'];
export type Cost = Schemas['Cost'];
export type Lineage = Schemas['Lineage'];
export type LineageNode = Schemas['LineageNode'];
export type Log = Schemas['Log'];
export type LogLine = Log['lines'][number];
export type Page = Schemas['Page'];
export type Course = Schemas['Course'];
export type Courses = Schemas['Courses'];
export type SampledPart = Schemas['SampledPart'];
export type Samples = Schemas['Samples'];
export type File = Schemas['File'];
export type Comparison = Schemas['Comparison'];
export type Line = Schemas['Line'];
export type Graph = Schemas['Graph'];
export type Step = Schemas['Step'];
export type Edge = Schemas['Edge'];
export type Parameter = Schemas['Parameter'];
export type Finding = Schemas['Finding'];
export type Fix = Schemas['Fix'];
export type TagChange = Schemas['TagChange'];
export type StepState = Schemas['StepState'];
export type Opened = Schemas['Opened'];
export type Last = Schemas['Last'];
export type Sweep = Schemas['Sweep'];
export type Trial = Schemas['Trial'];
export type Importance = Schemas['Importance'];
export type SweepPreview = Schemas['SweepPreview'];
export type Sources = Schemas['Sources'];
export type Started = Schemas['Started'];
export type Model = Schemas['Model'];
export type Models = Schemas['Models'];
export type Version = Schemas['Version'];
export type WholeVersion = Schemas['WholeVersion'];
export type ModelHistory = Schemas['ModelHistory'];
export type Move = Schemas['Move'];
export type Waiting = Schemas['Waiting'];
export type Bounded = Schemas['Bounded'];
export type Evaluation = Schemas['Evaluation'];
export type Fairness = Schemas['Fairness'];
export type Slices = Schemas['Slices'];
export type NewestEvaluation = Schemas['NewestEvaluation'];
export type RuleResult = Schemas['RuleResult'];
export type VersionComparison = Schemas['VersionComparison'];
export type Moved = Schemas['Moved'];
export type Schedule = Schemas['Schedule'];
export type Schedules = Schemas['Schedules'];
export type Firing = Schemas['Firing'];
export type ScheduleDetail = Schemas['ScheduleDetail'];
export type SchedulePreview = Schemas['Preview'];
export type Weeks = Schemas['Weeks'];
export type ColumnLook = Schemas['ColumnLook'];
export type Bins = Schemas['Bins'];
export type ColumnDrift = Schemas['ColumnDrift'];
export type Monitoring = Schemas['Monitoring'];
export type MonitoringHistory = Schemas['MonitoringHistory'];
export type MonitoringWindow = Schemas['Window'];
export type Service = Schemas['Service'];
export type Services = Schemas['Services'];
export type ServicePoint = Schemas['ServicePoint'];
export type TrialStanding = Schemas['TrialStanding'];
export type MonitoringColumn = Schemas['MonitoringColumn'];
export type ColumnBeside = Schemas['ColumnBeside'];
export type Datasets = Schemas['Datasets'];
export type Dataset = Schemas['Dataset'];
export type DatasetVersion = Schemas['DatasetVersion'];
export type DatasetWhole = Schemas['DatasetWhole'];
export type FileChanges = Schemas['FileChanges'];
export type FrameLook = Schemas['FrameLook'];
export type RunProfiles = Schemas['RunProfiles'];
export type Verified = Schemas['Verified'];

type SweepBody = NonNullable<
  paths['/pipelines/sweep']['post']['requestBody']
>['content']['application/json'];

export type SweepWish = Omit<SweepBody, 'path'>;

type Body<P extends keyof paths> = paths[P] extends {
  post: {
    requestBody?: { content: { 'application/json': infer T } };
  };
}
  ? T
  : never;

export type SweepDraft = Body<'/sweeps/preview'>;
export type Promotion = Body<'/models/promote'>;
export type ApprovalWish = Body<'/models/approve'>;
export type Description = Body<'/models/describe'>;
export type Rollback = Body<'/models/rollback'>;
export type ScheduleWish = Body<'/schedules'>;
export type ScheduleEdit = Body<'/schedules/edit'>;
export type ScheduleDraft = Body<'/schedules/preview'>;
