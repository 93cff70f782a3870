import type { Route } from '../exchange.ts';
import type { Operation } from '../operations.ts';
import { deleteMultipleObjects, getBucketInfo, getBucketVersioning, getBucketWorm } from './bucket.ts';
import { getBucketLifecycle, putBucketLifecycle } from './lifecycle.ts';
import { listObjects, listObjectsV2 } from './list-objects.ts';
import { listMultipartUploads, listParts } from './list-uploads.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  uploadPart,
} from './multipart.ts';
import {
  deleteObject,
  getObject,
  getObjectAcl,
  getObjectMeta,
  getObjectTagging,
  headObject,
  putObject,
} from './object.ts';

/** What serves each operation. */
export const routes: Readonly<Record<Operation, Route>> = {
  GetBucketInfo: getBucketInfo,
  GetBucketVersioning: getBucketVersioning,
  GetBucketLifecycle: getBucketLifecycle,
  PutBucketLifecycle: putBucketLifecycle,
  GetBucketWorm: getBucketWorm,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listMultipartUploads,
  DeleteMultipleObjects: deleteMultipleObjects,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  GetObjectMeta: getObjectMeta,
  GetObjectAcl: getObjectAcl,
  GetObjectTagging: getObjectTagging,
  DeleteObject: deleteObject,
  InitiateMultipartUpload: initiateMultipartUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
};
