import { admissionSuite } from '../policy/admission-suite';
import { randomWorkloadsOnServer } from '../workloads/random-suites';
import { minors } from './build';

minors.forEach(admissionSuite);
minors.forEach(randomWorkloadsOnServer);
