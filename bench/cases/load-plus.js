require('cdk8s-plus-30');
