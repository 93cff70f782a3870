//go:build tools

// Package ossutil pins the ossutil that the image and the tests build.
package ossutil

import _ "github.com/aliyun/ossutil"
