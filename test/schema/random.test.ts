import { randomWorkloadsInSchemas } from '../workloads/random-suites';

randomWorkloadsInSchemas();
