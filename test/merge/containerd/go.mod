// Only here for go.sum: the checksum database does not know K3s's fork, so its hashes are pinned as K3s's own go.sum has them.
module cdk8s-sysbox/test/merge/containerd

go 1.26
