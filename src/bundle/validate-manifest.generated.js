// Made by `npm run generate` from manifest-schema.ts; do not edit.
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Slipway bundle manifest","type":"object","properties":{"manifestVersion":{"const":1},"name":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},"signature":{"type":"object","properties":{"inputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"outputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"defaultOutputs":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"minItems":1,"uniqueItems":true,"maxItems":4096},"isRaw":{"const":true}},"required":["inputs","outputs"],"additionalProperties":false},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":1024,"items":{"oneOf":[{"type":"object","properties":{"kind":{"const":"onnx"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"optimization":{"enum":["off","basic","all"]}},"required":["kind","file","inputs","outputs","optimization"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"kernel"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"kernel":{"type":"string","pattern":"^[a-z][a-z0-9-]{0,63}$"}},"required":["kind","file","inputs","outputs","kernel"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"python"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096}},"required":["kind","file","inputs","outputs"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"typescript"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"datatypes":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"maxProperties":4096},"model":{"type":"object","properties":{"inputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"outputs":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"minItems":1,"uniqueItems":true,"maxItems":4096},"defaultOutputs":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"minItems":1,"uniqueItems":true,"maxItems":4096},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":1024,"items":{"oneOf":[{"type":"object","properties":{"kind":{"const":"onnx"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"optimization":{"enum":["off","basic","all"]}},"required":["kind","file","inputs","outputs","optimization"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"kernel"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"kernel":{"type":"string","pattern":"^[a-z][a-z0-9-]{0,63}$"}},"required":["kind","file","inputs","outputs","kernel"],"additionalProperties":false}]}}},"required":["steps"],"additionalProperties":false}},"required":["inputs","outputs","program"],"additionalProperties":false}},"required":["kind","file","inputs","outputs","datatypes"],"additionalProperties":false}]}}},"required":["steps"],"additionalProperties":false},"batching":{"type":"object","properties":{"rowsAreIndependent":{"type":"boolean"},"reason":{"type":"string","maxLength":1000}},"required":["rowsAreIndependent","reason"],"additionalProperties":false},"example":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"golden":{"type":"object","properties":{"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"tolerance":{"type":"object","properties":{"relative":{"type":"number","minimum":0},"absolute":{"type":"number","minimum":0}},"required":["relative","absolute"],"additionalProperties":false},"recordedBy":{"type":"string","maxLength":100}},"required":["inputs","outputs","tolerance","recordedBy"],"additionalProperties":false},"files":{"type":"object","propertyNames":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"additionalProperties":{"type":"object","properties":{"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"sizeBytes":{"type":"integer","minimum":0}},"required":["sha256","sizeBytes"],"additionalProperties":false},"maxProperties":4096},"provenance":{"type":"object","properties":{"format":{"enum":["onnx","pipeline","pickle","xgboost","lightgbm","pt2","torchscript","python","typescript"]},"source":{"type":"object","properties":{"fileName":{"type":"string","maxLength":256},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"sizeBytes":{"type":"integer","minimum":0}},"required":["fileName","sha256","sizeBytes"],"additionalProperties":false},"producer":{"type":"string","maxLength":1000},"compilerRevision":{"type":"integer","minimum":1}},"required":["format","source","producer","compilerRevision"],"additionalProperties":false}},"required":["manifestVersion","name","signature","program","batching","example","golden","files","provenance"],"additionalProperties":false};
const func1 = Object.prototype.hasOwnProperty;
const pattern4 = new RegExp("^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", "u");
const pattern5 = new RegExp("^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", "u");
const pattern7 = new RegExp("^[a-z][a-z0-9-]{0,63}$", "u");
const pattern14 = new RegExp("^[0-9a-f]{64}$", "u");

function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate20.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((((((((data.manifestVersion === undefined) && (missing0 = "manifestVersion")) || ((data.name === undefined) && (missing0 = "name"))) || ((data.signature === undefined) && (missing0 = "signature"))) || ((data.program === undefined) && (missing0 = "program"))) || ((data.batching === undefined) && (missing0 = "batching"))) || ((data.example === undefined) && (missing0 = "example"))) || ((data.golden === undefined) && (missing0 = "golden"))) || ((data.files === undefined) && (missing0 = "files"))) || ((data.provenance === undefined) && (missing0 = "provenance"))){
validate20.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema31.properties, key0))){
validate20.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.manifestVersion !== undefined){
const _errs2 = errors;
if(1 !== data.manifestVersion){
validate20.errors = [{instancePath:instancePath+"/manifestVersion",schemaPath:"#/properties/manifestVersion/const",keyword:"const",params:{allowedValue: 1},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.name !== undefined){
let data1 = data.name;
const _errs3 = errors;
if(errors === _errs3){
if(typeof data1 === "string"){
if(!pattern4.test(data1)){
validate20.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.signature !== undefined){
let data2 = data.signature;
const _errs5 = errors;
if(errors === _errs5){
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
let missing1;
if(((data2.inputs === undefined) && (missing1 = "inputs")) || ((data2.outputs === undefined) && (missing1 = "outputs"))){
validate20.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs7 = errors;
for(const key1 in data2){
if(!((((key1 === "inputs") || (key1 === "outputs")) || (key1 === "defaultOutputs")) || (key1 === "isRaw"))){
validate20.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs7 === errors){
if(data2.inputs !== undefined){
let data3 = data2.inputs;
const _errs8 = errors;
if(errors === _errs8){
if(Array.isArray(data3)){
if(data3.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/inputs",schemaPath:"#/properties/signature/properties/inputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data3.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/inputs",schemaPath:"#/properties/signature/properties/inputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid2 = true;
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
let data4 = data3[i0];
const _errs10 = errors;
if(errors === _errs10){
if(data4 && typeof data4 == "object" && !Array.isArray(data4)){
let missing2;
if((((data4.name === undefined) && (missing2 = "name")) || ((data4.datatype === undefined) && (missing2 = "datatype"))) || ((data4.shape === undefined) && (missing2 = "shape"))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0,schemaPath:"#/properties/signature/properties/inputs/items/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs12 = errors;
for(const key2 in data4){
if(!((((((((key2 === "name") || (key2 === "datatype")) || (key2 === "shape")) || (key2 === "columns")) || (key2 === "isUnused")) || (key2 === "isOptional")) || (key2 === "isJson")) || (key2 === "isNeverMissing"))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0,schemaPath:"#/properties/signature/properties/inputs/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs12 === errors){
if(data4.name !== undefined){
let data5 = data4.name;
const _errs13 = errors;
if(errors === _errs13){
if(typeof data5 === "string"){
if(data5.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/name",schemaPath:"#/properties/signature/properties/inputs/items/properties/name/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data5.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/name",schemaPath:"#/properties/signature/properties/inputs/items/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/name",schemaPath:"#/properties/signature/properties/inputs/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid3 = _errs13 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.datatype !== undefined){
let data6 = data4.datatype;
const _errs15 = errors;
if(!((((((((((((((data6 === "BOOL") || (data6 === "UINT8")) || (data6 === "UINT16")) || (data6 === "UINT32")) || (data6 === "UINT64")) || (data6 === "INT8")) || (data6 === "INT16")) || (data6 === "INT32")) || (data6 === "INT64")) || (data6 === "FP16")) || (data6 === "BF16")) || (data6 === "FP32")) || (data6 === "FP64")) || (data6 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/datatype",schemaPath:"#/properties/signature/properties/inputs/items/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.signature.properties.inputs.items.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid3 = _errs15 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.shape !== undefined){
let data7 = data4.shape;
const _errs16 = errors;
if(errors === _errs16){
if(Array.isArray(data7)){
if(data7.length > 8){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape",schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid4 = true;
const len1 = data7.length;
for(let i1=0; i1<len1; i1++){
let data8 = data7[i1];
const _errs18 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape/" + i1,schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs18){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 < -1 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape/" + i1,schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
var valid4 = _errs18 === errors;
if(!valid4){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape",schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid3 = _errs16 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.columns !== undefined){
let data9 = data4.columns;
const _errs20 = errors;
if(errors === _errs20){
if(Array.isArray(data9)){
if(data9.length > 1000000){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns",schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"}];
return false;
}
else {
var valid5 = true;
const len2 = data9.length;
for(let i2=0; i2<len2; i2++){
let data10 = data9[i2];
const _errs22 = errors;
if(errors === _errs22){
if(typeof data10 === "string"){
if(data10.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns/" + i2,schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data10.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns/" + i2,schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns/" + i2,schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid5 = _errs22 === errors;
if(!valid5){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns",schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid3 = _errs20 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isUnused !== undefined){
const _errs24 = errors;
if(true !== data4.isUnused){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isUnused",schemaPath:"#/properties/signature/properties/inputs/items/properties/isUnused/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs24 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isOptional !== undefined){
const _errs25 = errors;
if(true !== data4.isOptional){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isOptional",schemaPath:"#/properties/signature/properties/inputs/items/properties/isOptional/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs25 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isJson !== undefined){
const _errs26 = errors;
if(true !== data4.isJson){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isJson",schemaPath:"#/properties/signature/properties/inputs/items/properties/isJson/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs26 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isNeverMissing !== undefined){
const _errs27 = errors;
if(true !== data4.isNeverMissing){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isNeverMissing",schemaPath:"#/properties/signature/properties/inputs/items/properties/isNeverMissing/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs27 === errors;
}
else {
var valid3 = true;
}
}
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0,schemaPath:"#/properties/signature/properties/inputs/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid2 = _errs10 === errors;
if(!valid2){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs",schemaPath:"#/properties/signature/properties/inputs/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs8 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.outputs !== undefined){
let data15 = data2.outputs;
const _errs28 = errors;
if(errors === _errs28){
if(Array.isArray(data15)){
if(data15.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data15.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid6 = true;
const len3 = data15.length;
for(let i3=0; i3<len3; i3++){
let data16 = data15[i3];
const _errs30 = errors;
if(errors === _errs30){
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
let missing3;
if((((data16.name === undefined) && (missing3 = "name")) || ((data16.datatype === undefined) && (missing3 = "datatype"))) || ((data16.shape === undefined) && (missing3 = "shape"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs32 = errors;
for(const key3 in data16){
if(!((((((((key3 === "name") || (key3 === "datatype")) || (key3 === "shape")) || (key3 === "columns")) || (key3 === "isUnused")) || (key3 === "isOptional")) || (key3 === "isJson")) || (key3 === "isNeverMissing"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs32 === errors){
if(data16.name !== undefined){
let data17 = data16.name;
const _errs33 = errors;
if(errors === _errs33){
if(typeof data17 === "string"){
if(data17.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data17.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid7 = _errs33 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.datatype !== undefined){
let data18 = data16.datatype;
const _errs35 = errors;
if(!((((((((((((((data18 === "BOOL") || (data18 === "UINT8")) || (data18 === "UINT16")) || (data18 === "UINT32")) || (data18 === "UINT64")) || (data18 === "INT8")) || (data18 === "INT16")) || (data18 === "INT32")) || (data18 === "INT64")) || (data18 === "FP16")) || (data18 === "BF16")) || (data18 === "FP32")) || (data18 === "FP64")) || (data18 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/datatype",schemaPath:"#/properties/signature/properties/outputs/items/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.signature.properties.outputs.items.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid7 = _errs35 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.shape !== undefined){
let data19 = data16.shape;
const _errs36 = errors;
if(errors === _errs36){
if(Array.isArray(data19)){
if(data19.length > 8){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape",schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid8 = true;
const len4 = data19.length;
for(let i4=0; i4<len4; i4++){
let data20 = data19[i4];
const _errs38 = errors;
if(!(((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20))) && (isFinite(data20)))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape/" + i4,schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs38){
if((typeof data20 == "number") && (isFinite(data20))){
if(data20 < -1 || isNaN(data20)){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape/" + i4,schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
var valid8 = _errs38 === errors;
if(!valid8){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape",schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid7 = _errs36 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.columns !== undefined){
let data21 = data16.columns;
const _errs40 = errors;
if(errors === _errs40){
if(Array.isArray(data21)){
if(data21.length > 1000000){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns",schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"}];
return false;
}
else {
var valid9 = true;
const len5 = data21.length;
for(let i5=0; i5<len5; i5++){
let data22 = data21[i5];
const _errs42 = errors;
if(errors === _errs42){
if(typeof data22 === "string"){
if(data22.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data22.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid9 = _errs42 === errors;
if(!valid9){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns",schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid7 = _errs40 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isUnused !== undefined){
const _errs44 = errors;
if(true !== data16.isUnused){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isUnused",schemaPath:"#/properties/signature/properties/outputs/items/properties/isUnused/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs44 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isOptional !== undefined){
const _errs45 = errors;
if(true !== data16.isOptional){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isOptional",schemaPath:"#/properties/signature/properties/outputs/items/properties/isOptional/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs45 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isJson !== undefined){
const _errs46 = errors;
if(true !== data16.isJson){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isJson",schemaPath:"#/properties/signature/properties/outputs/items/properties/isJson/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs46 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isNeverMissing !== undefined){
const _errs47 = errors;
if(true !== data16.isNeverMissing){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isNeverMissing",schemaPath:"#/properties/signature/properties/outputs/items/properties/isNeverMissing/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs47 === errors;
}
else {
var valid7 = true;
}
}
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid6 = _errs30 === errors;
if(!valid6){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs28 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.defaultOutputs !== undefined){
let data27 = data2.defaultOutputs;
const _errs48 = errors;
if(errors === _errs48){
if(Array.isArray(data27)){
if(data27.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data27.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid10 = true;
const len6 = data27.length;
for(let i6=0; i6<len6; i6++){
let data28 = data27[i6];
const _errs50 = errors;
if(errors === _errs50){
if(typeof data28 === "string"){
if(data28.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs/" + i6,schemaPath:"#/properties/signature/properties/defaultOutputs/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data28.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs/" + i6,schemaPath:"#/properties/signature/properties/defaultOutputs/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs/" + i6,schemaPath:"#/properties/signature/properties/defaultOutputs/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid10 = _errs50 === errors;
if(!valid10){
break;
}
}
if(valid10){
let i7 = data27.length;
let j0;
if(i7 > 1){
const indices0 = {};
for(;i7--;){
let item0 = data27[i7];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/uniqueItems",keyword:"uniqueItems",params:{i: i7, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i7+" are identical)"}];
return false;
break;
}
indices0[item0] = i7;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs48 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.isRaw !== undefined){
const _errs52 = errors;
if(true !== data2.isRaw){
validate20.errors = [{instancePath:instancePath+"/signature/isRaw",schemaPath:"#/properties/signature/properties/isRaw/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs52 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.program !== undefined){
let data30 = data.program;
const _errs53 = errors;
if(errors === _errs53){
if(data30 && typeof data30 == "object" && !Array.isArray(data30)){
let missing4;
if((data30.steps === undefined) && (missing4 = "steps")){
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs55 = errors;
for(const key4 in data30){
if(!(key4 === "steps")){
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs55 === errors){
if(data30.steps !== undefined){
let data31 = data30.steps;
const _errs56 = errors;
if(errors === _errs56){
if(Array.isArray(data31)){
if(data31.length > 1024){
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/maxItems",keyword:"maxItems",params:{limit: 1024},message:"must NOT have more than 1024 items"}];
return false;
}
else {
if(data31.length < 1){
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid13 = true;
const len7 = data31.length;
for(let i8=0; i8<len7; i8++){
let data32 = data31[i8];
const _errs58 = errors;
const _errs59 = errors;
let valid14 = false;
let passing0 = null;
const _errs60 = errors;
if(errors === _errs60){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing5;
if((((((data32.kind === undefined) && (missing5 = "kind")) || ((data32.file === undefined) && (missing5 = "file"))) || ((data32.inputs === undefined) && (missing5 = "inputs"))) || ((data32.outputs === undefined) && (missing5 = "outputs"))) || ((data32.optimization === undefined) && (missing5 = "optimization"))){
const err0 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/0/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
else {
const _errs62 = errors;
for(const key5 in data32){
if(!(((((key5 === "kind") || (key5 === "file")) || (key5 === "inputs")) || (key5 === "outputs")) || (key5 === "optimization"))){
const err1 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/0/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
break;
}
}
if(_errs62 === errors){
if(data32.kind !== undefined){
const _errs63 = errors;
if("onnx" !== data32.kind){
const err2 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/kind/const",keyword:"const",params:{allowedValue: "onnx"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
var valid15 = _errs63 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.file !== undefined){
let data34 = data32.file;
const _errs64 = errors;
if(errors === _errs64){
if(typeof data34 === "string"){
if(data34.length > 256){
const err3 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
else {
if(!pattern5.test(data34)){
const err4 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
}
else {
const err5 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
var valid15 = _errs64 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.inputs !== undefined){
let data35 = data32.inputs;
const _errs66 = errors;
if(errors === _errs66){
if(data35 && typeof data35 == "object" && !Array.isArray(data35)){
if(Object.keys(data35).length > 4096){
const err6 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
else {
for(const key6 in data35){
const _errs68 = errors;
if(errors === _errs68){
if(typeof key6 === "string"){
if(key6.length > 256){
const err7 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
else {
if(key6.length < 1){
const err8 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key6};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
}
else {
const err9 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key6};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
var valid16 = _errs68 === errors;
if(!valid16){
const err10 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key6},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
break;
}
}
if(valid16){
for(const key7 in data35){
let data36 = data35[key7];
const _errs71 = errors;
if(errors === _errs71){
if(typeof data36 === "string"){
if(data36.length > 256){
const err11 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
else {
if(data36.length < 1){
const err12 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
var valid17 = _errs71 === errors;
if(!valid17){
break;
}
}
}
}
}
else {
const err14 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
var valid15 = _errs66 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.outputs !== undefined){
let data37 = data32.outputs;
const _errs73 = errors;
if(errors === _errs73){
if(data37 && typeof data37 == "object" && !Array.isArray(data37)){
if(Object.keys(data37).length > 4096){
const err15 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
else {
for(const key8 in data37){
const _errs75 = errors;
if(errors === _errs75){
if(typeof key8 === "string"){
if(key8.length > 256){
const err16 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key8};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
else {
if(key8.length < 1){
const err17 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key8};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
}
else {
const err18 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key8};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
var valid18 = _errs75 === errors;
if(!valid18){
const err19 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key8},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
break;
}
}
if(valid18){
for(const key9 in data37){
let data38 = data37[key9];
const _errs78 = errors;
if(errors === _errs78){
if(typeof data38 === "string"){
if(data38.length > 256){
const err20 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
else {
if(data38.length < 1){
const err21 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
}
else {
const err22 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
var valid19 = _errs78 === errors;
if(!valid19){
break;
}
}
}
}
}
else {
const err23 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
var valid15 = _errs73 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.optimization !== undefined){
let data39 = data32.optimization;
const _errs80 = errors;
if(!(((data39 === "off") || (data39 === "basic")) || (data39 === "all"))){
const err24 = {instancePath:instancePath+"/program/steps/" + i8+"/optimization",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/optimization/enum",keyword:"enum",params:{allowedValues: schema31.properties.program.properties.steps.items.oneOf[0].properties.optimization.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
var valid15 = _errs80 === errors;
}
else {
var valid15 = true;
}
}
}
}
}
}
}
}
else {
const err25 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/0/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
var _valid0 = _errs60 === errors;
if(_valid0){
valid14 = true;
passing0 = 0;
var props0 = true;
}
const _errs81 = errors;
if(errors === _errs81){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing6;
if((((((data32.kind === undefined) && (missing6 = "kind")) || ((data32.file === undefined) && (missing6 = "file"))) || ((data32.inputs === undefined) && (missing6 = "inputs"))) || ((data32.outputs === undefined) && (missing6 = "outputs"))) || ((data32.kernel === undefined) && (missing6 = "kernel"))){
const err26 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/1/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
else {
const _errs83 = errors;
for(const key10 in data32){
if(!(((((key10 === "kind") || (key10 === "file")) || (key10 === "inputs")) || (key10 === "outputs")) || (key10 === "kernel"))){
const err27 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/1/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
break;
}
}
if(_errs83 === errors){
if(data32.kind !== undefined){
const _errs84 = errors;
if("kernel" !== data32.kind){
const err28 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/kind/const",keyword:"const",params:{allowedValue: "kernel"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
var valid20 = _errs84 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.file !== undefined){
let data41 = data32.file;
const _errs85 = errors;
if(errors === _errs85){
if(typeof data41 === "string"){
if(data41.length > 256){
const err29 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
else {
if(!pattern5.test(data41)){
const err30 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
}
else {
const err31 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
var valid20 = _errs85 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.inputs !== undefined){
let data42 = data32.inputs;
const _errs87 = errors;
if(errors === _errs87){
if(data42 && typeof data42 == "object" && !Array.isArray(data42)){
if(Object.keys(data42).length > 4096){
const err32 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
else {
for(const key11 in data42){
const _errs89 = errors;
if(errors === _errs89){
if(typeof key11 === "string"){
if(key11.length > 256){
const err33 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key11};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
else {
if(key11.length < 1){
const err34 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key11};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
}
}
else {
const err35 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key11};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
}
var valid21 = _errs89 === errors;
if(!valid21){
const err36 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key11},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
break;
}
}
if(valid21){
for(const key12 in data42){
let data43 = data42[key12];
const _errs92 = errors;
if(errors === _errs92){
if(typeof data43 === "string"){
if(data43.length > 256){
const err37 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
else {
if(data43.length < 1){
const err38 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
}
}
else {
const err39 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
}
var valid22 = _errs92 === errors;
if(!valid22){
break;
}
}
}
}
}
else {
const err40 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
}
var valid20 = _errs87 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.outputs !== undefined){
let data44 = data32.outputs;
const _errs94 = errors;
if(errors === _errs94){
if(data44 && typeof data44 == "object" && !Array.isArray(data44)){
if(Object.keys(data44).length > 4096){
const err41 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
else {
for(const key13 in data44){
const _errs96 = errors;
if(errors === _errs96){
if(typeof key13 === "string"){
if(key13.length > 256){
const err42 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key13};
if(vErrors === null){
vErrors = [err42];
}
else {
vErrors.push(err42);
}
errors++;
}
else {
if(key13.length < 1){
const err43 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key13};
if(vErrors === null){
vErrors = [err43];
}
else {
vErrors.push(err43);
}
errors++;
}
}
}
else {
const err44 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key13};
if(vErrors === null){
vErrors = [err44];
}
else {
vErrors.push(err44);
}
errors++;
}
}
var valid23 = _errs96 === errors;
if(!valid23){
const err45 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key13},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err45];
}
else {
vErrors.push(err45);
}
errors++;
break;
}
}
if(valid23){
for(const key14 in data44){
let data45 = data44[key14];
const _errs99 = errors;
if(errors === _errs99){
if(typeof data45 === "string"){
if(data45.length > 256){
const err46 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err46];
}
else {
vErrors.push(err46);
}
errors++;
}
else {
if(data45.length < 1){
const err47 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err47];
}
else {
vErrors.push(err47);
}
errors++;
}
}
}
else {
const err48 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err48];
}
else {
vErrors.push(err48);
}
errors++;
}
}
var valid24 = _errs99 === errors;
if(!valid24){
break;
}
}
}
}
}
else {
const err49 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err49];
}
else {
vErrors.push(err49);
}
errors++;
}
}
var valid20 = _errs94 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.kernel !== undefined){
let data46 = data32.kernel;
const _errs101 = errors;
if(errors === _errs101){
if(typeof data46 === "string"){
if(!pattern7.test(data46)){
const err50 = {instancePath:instancePath+"/program/steps/" + i8+"/kernel",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/kernel/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9-]{0,63}$"},message:"must match pattern \""+"^[a-z][a-z0-9-]{0,63}$"+"\""};
if(vErrors === null){
vErrors = [err50];
}
else {
vErrors.push(err50);
}
errors++;
}
}
else {
const err51 = {instancePath:instancePath+"/program/steps/" + i8+"/kernel",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err51];
}
else {
vErrors.push(err51);
}
errors++;
}
}
var valid20 = _errs101 === errors;
}
else {
var valid20 = true;
}
}
}
}
}
}
}
}
else {
const err52 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/1/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err52];
}
else {
vErrors.push(err52);
}
errors++;
}
}
var _valid0 = _errs81 === errors;
if(_valid0 && valid14){
valid14 = false;
passing0 = [passing0, 1];
}
else {
if(_valid0){
valid14 = true;
passing0 = 1;
if(props0 !== true){
props0 = true;
}
}
const _errs103 = errors;
if(errors === _errs103){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing7;
if(((((data32.kind === undefined) && (missing7 = "kind")) || ((data32.file === undefined) && (missing7 = "file"))) || ((data32.inputs === undefined) && (missing7 = "inputs"))) || ((data32.outputs === undefined) && (missing7 = "outputs"))){
const err53 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/2/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"};
if(vErrors === null){
vErrors = [err53];
}
else {
vErrors.push(err53);
}
errors++;
}
else {
const _errs105 = errors;
for(const key15 in data32){
if(!((((key15 === "kind") || (key15 === "file")) || (key15 === "inputs")) || (key15 === "outputs"))){
const err54 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/2/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key15},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err54];
}
else {
vErrors.push(err54);
}
errors++;
break;
}
}
if(_errs105 === errors){
if(data32.kind !== undefined){
const _errs106 = errors;
if("python" !== data32.kind){
const err55 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/kind/const",keyword:"const",params:{allowedValue: "python"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err55];
}
else {
vErrors.push(err55);
}
errors++;
}
var valid25 = _errs106 === errors;
}
else {
var valid25 = true;
}
if(valid25){
if(data32.file !== undefined){
let data48 = data32.file;
const _errs107 = errors;
if(errors === _errs107){
if(typeof data48 === "string"){
if(data48.length > 256){
const err56 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err56];
}
else {
vErrors.push(err56);
}
errors++;
}
else {
if(!pattern5.test(data48)){
const err57 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err57];
}
else {
vErrors.push(err57);
}
errors++;
}
}
}
else {
const err58 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err58];
}
else {
vErrors.push(err58);
}
errors++;
}
}
var valid25 = _errs107 === errors;
}
else {
var valid25 = true;
}
if(valid25){
if(data32.inputs !== undefined){
let data49 = data32.inputs;
const _errs109 = errors;
if(errors === _errs109){
if(data49 && typeof data49 == "object" && !Array.isArray(data49)){
if(Object.keys(data49).length > 4096){
const err59 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err59];
}
else {
vErrors.push(err59);
}
errors++;
}
else {
for(const key16 in data49){
const _errs111 = errors;
if(errors === _errs111){
if(typeof key16 === "string"){
if(key16.length > 256){
const err60 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key16};
if(vErrors === null){
vErrors = [err60];
}
else {
vErrors.push(err60);
}
errors++;
}
else {
if(key16.length < 1){
const err61 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key16};
if(vErrors === null){
vErrors = [err61];
}
else {
vErrors.push(err61);
}
errors++;
}
}
}
else {
const err62 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key16};
if(vErrors === null){
vErrors = [err62];
}
else {
vErrors.push(err62);
}
errors++;
}
}
var valid26 = _errs111 === errors;
if(!valid26){
const err63 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key16},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err63];
}
else {
vErrors.push(err63);
}
errors++;
break;
}
}
if(valid26){
for(const key17 in data49){
let data50 = data49[key17];
const _errs114 = errors;
if(errors === _errs114){
if(typeof data50 === "string"){
if(data50.length > 256){
const err64 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err64];
}
else {
vErrors.push(err64);
}
errors++;
}
else {
if(data50.length < 1){
const err65 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err65];
}
else {
vErrors.push(err65);
}
errors++;
}
}
}
else {
const err66 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err66];
}
else {
vErrors.push(err66);
}
errors++;
}
}
var valid27 = _errs114 === errors;
if(!valid27){
break;
}
}
}
}
}
else {
const err67 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err67];
}
else {
vErrors.push(err67);
}
errors++;
}
}
var valid25 = _errs109 === errors;
}
else {
var valid25 = true;
}
if(valid25){
if(data32.outputs !== undefined){
let data51 = data32.outputs;
const _errs116 = errors;
if(errors === _errs116){
if(data51 && typeof data51 == "object" && !Array.isArray(data51)){
if(Object.keys(data51).length > 4096){
const err68 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err68];
}
else {
vErrors.push(err68);
}
errors++;
}
else {
for(const key18 in data51){
const _errs118 = errors;
if(errors === _errs118){
if(typeof key18 === "string"){
if(key18.length > 256){
const err69 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key18};
if(vErrors === null){
vErrors = [err69];
}
else {
vErrors.push(err69);
}
errors++;
}
else {
if(key18.length < 1){
const err70 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key18};
if(vErrors === null){
vErrors = [err70];
}
else {
vErrors.push(err70);
}
errors++;
}
}
}
else {
const err71 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key18};
if(vErrors === null){
vErrors = [err71];
}
else {
vErrors.push(err71);
}
errors++;
}
}
var valid28 = _errs118 === errors;
if(!valid28){
const err72 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key18},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err72];
}
else {
vErrors.push(err72);
}
errors++;
break;
}
}
if(valid28){
for(const key19 in data51){
let data52 = data51[key19];
const _errs121 = errors;
if(errors === _errs121){
if(typeof data52 === "string"){
if(data52.length > 256){
const err73 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err73];
}
else {
vErrors.push(err73);
}
errors++;
}
else {
if(data52.length < 1){
const err74 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err74];
}
else {
vErrors.push(err74);
}
errors++;
}
}
}
else {
const err75 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err75];
}
else {
vErrors.push(err75);
}
errors++;
}
}
var valid29 = _errs121 === errors;
if(!valid29){
break;
}
}
}
}
}
else {
const err76 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err76];
}
else {
vErrors.push(err76);
}
errors++;
}
}
var valid25 = _errs116 === errors;
}
else {
var valid25 = true;
}
}
}
}
}
}
}
else {
const err77 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/2/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err77];
}
else {
vErrors.push(err77);
}
errors++;
}
}
var _valid0 = _errs103 === errors;
if(_valid0 && valid14){
valid14 = false;
passing0 = [passing0, 2];
}
else {
if(_valid0){
valid14 = true;
passing0 = 2;
if(props0 !== true){
props0 = true;
}
}
const _errs123 = errors;
if(errors === _errs123){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing8;
if((((((data32.kind === undefined) && (missing8 = "kind")) || ((data32.file === undefined) && (missing8 = "file"))) || ((data32.inputs === undefined) && (missing8 = "inputs"))) || ((data32.outputs === undefined) && (missing8 = "outputs"))) || ((data32.datatypes === undefined) && (missing8 = "datatypes"))){
const err78 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/required",keyword:"required",params:{missingProperty: missing8},message:"must have required property '"+missing8+"'"};
if(vErrors === null){
vErrors = [err78];
}
else {
vErrors.push(err78);
}
errors++;
}
else {
const _errs125 = errors;
for(const key20 in data32){
if(!((((((key20 === "kind") || (key20 === "file")) || (key20 === "inputs")) || (key20 === "outputs")) || (key20 === "datatypes")) || (key20 === "model"))){
const err79 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key20},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err79];
}
else {
vErrors.push(err79);
}
errors++;
break;
}
}
if(_errs125 === errors){
if(data32.kind !== undefined){
const _errs126 = errors;
if("typescript" !== data32.kind){
const err80 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/kind/const",keyword:"const",params:{allowedValue: "typescript"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err80];
}
else {
vErrors.push(err80);
}
errors++;
}
var valid30 = _errs126 === errors;
}
else {
var valid30 = true;
}
if(valid30){
if(data32.file !== undefined){
let data54 = data32.file;
const _errs127 = errors;
if(errors === _errs127){
if(typeof data54 === "string"){
if(data54.length > 256){
const err81 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err81];
}
else {
vErrors.push(err81);
}
errors++;
}
else {
if(!pattern5.test(data54)){
const err82 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err82];
}
else {
vErrors.push(err82);
}
errors++;
}
}
}
else {
const err83 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err83];
}
else {
vErrors.push(err83);
}
errors++;
}
}
var valid30 = _errs127 === errors;
}
else {
var valid30 = true;
}
if(valid30){
if(data32.inputs !== undefined){
let data55 = data32.inputs;
const _errs129 = errors;
if(errors === _errs129){
if(data55 && typeof data55 == "object" && !Array.isArray(data55)){
if(Object.keys(data55).length > 4096){
const err84 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err84];
}
else {
vErrors.push(err84);
}
errors++;
}
else {
for(const key21 in data55){
const _errs131 = errors;
if(errors === _errs131){
if(typeof key21 === "string"){
if(key21.length > 256){
const err85 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key21};
if(vErrors === null){
vErrors = [err85];
}
else {
vErrors.push(err85);
}
errors++;
}
else {
if(key21.length < 1){
const err86 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key21};
if(vErrors === null){
vErrors = [err86];
}
else {
vErrors.push(err86);
}
errors++;
}
}
}
else {
const err87 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key21};
if(vErrors === null){
vErrors = [err87];
}
else {
vErrors.push(err87);
}
errors++;
}
}
var valid31 = _errs131 === errors;
if(!valid31){
const err88 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key21},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err88];
}
else {
vErrors.push(err88);
}
errors++;
break;
}
}
if(valid31){
for(const key22 in data55){
let data56 = data55[key22];
const _errs134 = errors;
if(errors === _errs134){
if(typeof data56 === "string"){
if(data56.length > 256){
const err89 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err89];
}
else {
vErrors.push(err89);
}
errors++;
}
else {
if(data56.length < 1){
const err90 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err90];
}
else {
vErrors.push(err90);
}
errors++;
}
}
}
else {
const err91 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err91];
}
else {
vErrors.push(err91);
}
errors++;
}
}
var valid32 = _errs134 === errors;
if(!valid32){
break;
}
}
}
}
}
else {
const err92 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err92];
}
else {
vErrors.push(err92);
}
errors++;
}
}
var valid30 = _errs129 === errors;
}
else {
var valid30 = true;
}
if(valid30){
if(data32.outputs !== undefined){
let data57 = data32.outputs;
const _errs136 = errors;
if(errors === _errs136){
if(data57 && typeof data57 == "object" && !Array.isArray(data57)){
if(Object.keys(data57).length > 4096){
const err93 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err93];
}
else {
vErrors.push(err93);
}
errors++;
}
else {
for(const key23 in data57){
const _errs138 = errors;
if(errors === _errs138){
if(typeof key23 === "string"){
if(key23.length > 256){
const err94 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key23};
if(vErrors === null){
vErrors = [err94];
}
else {
vErrors.push(err94);
}
errors++;
}
else {
if(key23.length < 1){
const err95 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key23};
if(vErrors === null){
vErrors = [err95];
}
else {
vErrors.push(err95);
}
errors++;
}
}
}
else {
const err96 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key23};
if(vErrors === null){
vErrors = [err96];
}
else {
vErrors.push(err96);
}
errors++;
}
}
var valid33 = _errs138 === errors;
if(!valid33){
const err97 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key23},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err97];
}
else {
vErrors.push(err97);
}
errors++;
break;
}
}
if(valid33){
for(const key24 in data57){
let data58 = data57[key24];
const _errs141 = errors;
if(errors === _errs141){
if(typeof data58 === "string"){
if(data58.length > 256){
const err98 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key24.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err98];
}
else {
vErrors.push(err98);
}
errors++;
}
else {
if(data58.length < 1){
const err99 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key24.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err99];
}
else {
vErrors.push(err99);
}
errors++;
}
}
}
else {
const err100 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key24.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err100];
}
else {
vErrors.push(err100);
}
errors++;
}
}
var valid34 = _errs141 === errors;
if(!valid34){
break;
}
}
}
}
}
else {
const err101 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err101];
}
else {
vErrors.push(err101);
}
errors++;
}
}
var valid30 = _errs136 === errors;
}
else {
var valid30 = true;
}
if(valid30){
if(data32.datatypes !== undefined){
let data59 = data32.datatypes;
const _errs143 = errors;
if(errors === _errs143){
if(data59 && typeof data59 == "object" && !Array.isArray(data59)){
if(Object.keys(data59).length > 4096){
const err102 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err102];
}
else {
vErrors.push(err102);
}
errors++;
}
else {
for(const key25 in data59){
const _errs145 = errors;
if(errors === _errs145){
if(typeof key25 === "string"){
if(key25.length > 256){
const err103 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key25};
if(vErrors === null){
vErrors = [err103];
}
else {
vErrors.push(err103);
}
errors++;
}
else {
if(key25.length < 1){
const err104 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key25};
if(vErrors === null){
vErrors = [err104];
}
else {
vErrors.push(err104);
}
errors++;
}
}
}
else {
const err105 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key25};
if(vErrors === null){
vErrors = [err105];
}
else {
vErrors.push(err105);
}
errors++;
}
}
var valid35 = _errs145 === errors;
if(!valid35){
const err106 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/propertyNames",keyword:"propertyNames",params:{propertyName: key25},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err106];
}
else {
vErrors.push(err106);
}
errors++;
break;
}
}
if(valid35){
for(const key26 in data59){
let data60 = data59[key26];
const _errs148 = errors;
if(!((((((((((((((data60 === "BOOL") || (data60 === "UINT8")) || (data60 === "UINT16")) || (data60 === "UINT32")) || (data60 === "UINT64")) || (data60 === "INT8")) || (data60 === "INT16")) || (data60 === "INT32")) || (data60 === "INT64")) || (data60 === "FP16")) || (data60 === "BF16")) || (data60 === "FP32")) || (data60 === "FP64")) || (data60 === "BYTES"))){
const err107 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes/" + key26.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/additionalProperties/enum",keyword:"enum",params:{allowedValues: schema31.properties.program.properties.steps.items.oneOf[3].properties.datatypes.additionalProperties.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err107];
}
else {
vErrors.push(err107);
}
errors++;
}
var valid36 = _errs148 === errors;
if(!valid36){
break;
}
}
}
}
}
else {
const err108 = {instancePath:instancePath+"/program/steps/" + i8+"/datatypes",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/datatypes/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err108];
}
else {
vErrors.push(err108);
}
errors++;
}
}
var valid30 = _errs143 === errors;
}
else {
var valid30 = true;
}
if(valid30){
if(data32.model !== undefined){
let data61 = data32.model;
const _errs149 = errors;
if(errors === _errs149){
if(data61 && typeof data61 == "object" && !Array.isArray(data61)){
let missing9;
if((((data61.inputs === undefined) && (missing9 = "inputs")) || ((data61.outputs === undefined) && (missing9 = "outputs"))) || ((data61.program === undefined) && (missing9 = "program"))){
const err109 = {instancePath:instancePath+"/program/steps/" + i8+"/model",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/required",keyword:"required",params:{missingProperty: missing9},message:"must have required property '"+missing9+"'"};
if(vErrors === null){
vErrors = [err109];
}
else {
vErrors.push(err109);
}
errors++;
}
else {
const _errs151 = errors;
for(const key27 in data61){
if(!((((key27 === "inputs") || (key27 === "outputs")) || (key27 === "defaultOutputs")) || (key27 === "program"))){
const err110 = {instancePath:instancePath+"/program/steps/" + i8+"/model",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key27},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err110];
}
else {
vErrors.push(err110);
}
errors++;
break;
}
}
if(_errs151 === errors){
if(data61.inputs !== undefined){
let data62 = data61.inputs;
const _errs152 = errors;
if(errors === _errs152){
if(Array.isArray(data62)){
if(data62.length > 4096){
const err111 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"};
if(vErrors === null){
vErrors = [err111];
}
else {
vErrors.push(err111);
}
errors++;
}
else {
if(data62.length < 1){
const err112 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err112];
}
else {
vErrors.push(err112);
}
errors++;
}
else {
var valid38 = true;
const len8 = data62.length;
for(let i9=0; i9<len8; i9++){
let data63 = data62[i9];
const _errs154 = errors;
if(errors === _errs154){
if(data63 && typeof data63 == "object" && !Array.isArray(data63)){
let missing10;
if((((data63.name === undefined) && (missing10 = "name")) || ((data63.datatype === undefined) && (missing10 = "datatype"))) || ((data63.shape === undefined) && (missing10 = "shape"))){
const err113 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/required",keyword:"required",params:{missingProperty: missing10},message:"must have required property '"+missing10+"'"};
if(vErrors === null){
vErrors = [err113];
}
else {
vErrors.push(err113);
}
errors++;
}
else {
const _errs156 = errors;
for(const key28 in data63){
if(!((((((((key28 === "name") || (key28 === "datatype")) || (key28 === "shape")) || (key28 === "columns")) || (key28 === "isUnused")) || (key28 === "isOptional")) || (key28 === "isJson")) || (key28 === "isNeverMissing"))){
const err114 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key28},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err114];
}
else {
vErrors.push(err114);
}
errors++;
break;
}
}
if(_errs156 === errors){
if(data63.name !== undefined){
let data64 = data63.name;
const _errs157 = errors;
if(errors === _errs157){
if(typeof data64 === "string"){
if(data64.length > 256){
const err115 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/name",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/name/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err115];
}
else {
vErrors.push(err115);
}
errors++;
}
else {
if(data64.length < 1){
const err116 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/name",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err116];
}
else {
vErrors.push(err116);
}
errors++;
}
}
}
else {
const err117 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/name",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err117];
}
else {
vErrors.push(err117);
}
errors++;
}
}
var valid39 = _errs157 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.datatype !== undefined){
let data65 = data63.datatype;
const _errs159 = errors;
if(!((((((((((((((data65 === "BOOL") || (data65 === "UINT8")) || (data65 === "UINT16")) || (data65 === "UINT32")) || (data65 === "UINT64")) || (data65 === "INT8")) || (data65 === "INT16")) || (data65 === "INT32")) || (data65 === "INT64")) || (data65 === "FP16")) || (data65 === "BF16")) || (data65 === "FP32")) || (data65 === "FP64")) || (data65 === "BYTES"))){
const err118 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/datatype",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.program.properties.steps.items.oneOf[3].properties.model.properties.inputs.items.properties.datatype.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err118];
}
else {
vErrors.push(err118);
}
errors++;
}
var valid39 = _errs159 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.shape !== undefined){
let data66 = data63.shape;
const _errs160 = errors;
if(errors === _errs160){
if(Array.isArray(data66)){
if(data66.length > 8){
const err119 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/shape",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"};
if(vErrors === null){
vErrors = [err119];
}
else {
vErrors.push(err119);
}
errors++;
}
else {
var valid40 = true;
const len9 = data66.length;
for(let i10=0; i10<len9; i10++){
let data67 = data66[i10];
const _errs162 = errors;
if(!(((typeof data67 == "number") && (!(data67 % 1) && !isNaN(data67))) && (isFinite(data67)))){
const err120 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/shape/" + i10,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"};
if(vErrors === null){
vErrors = [err120];
}
else {
vErrors.push(err120);
}
errors++;
}
if(errors === _errs162){
if((typeof data67 == "number") && (isFinite(data67))){
if(data67 < -1 || isNaN(data67)){
const err121 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/shape/" + i10,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"};
if(vErrors === null){
vErrors = [err121];
}
else {
vErrors.push(err121);
}
errors++;
}
}
}
var valid40 = _errs162 === errors;
if(!valid40){
break;
}
}
}
}
else {
const err122 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/shape",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err122];
}
else {
vErrors.push(err122);
}
errors++;
}
}
var valid39 = _errs160 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.columns !== undefined){
let data68 = data63.columns;
const _errs164 = errors;
if(errors === _errs164){
if(Array.isArray(data68)){
if(data68.length > 1000000){
const err123 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/columns",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"};
if(vErrors === null){
vErrors = [err123];
}
else {
vErrors.push(err123);
}
errors++;
}
else {
var valid41 = true;
const len10 = data68.length;
for(let i11=0; i11<len10; i11++){
let data69 = data68[i11];
const _errs166 = errors;
if(errors === _errs166){
if(typeof data69 === "string"){
if(data69.length > 256){
const err124 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/columns/" + i11,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/columns/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err124];
}
else {
vErrors.push(err124);
}
errors++;
}
else {
if(data69.length < 1){
const err125 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/columns/" + i11,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/columns/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err125];
}
else {
vErrors.push(err125);
}
errors++;
}
}
}
else {
const err126 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/columns/" + i11,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/columns/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err126];
}
else {
vErrors.push(err126);
}
errors++;
}
}
var valid41 = _errs166 === errors;
if(!valid41){
break;
}
}
}
}
else {
const err127 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/columns",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/columns/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err127];
}
else {
vErrors.push(err127);
}
errors++;
}
}
var valid39 = _errs164 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.isUnused !== undefined){
const _errs168 = errors;
if(true !== data63.isUnused){
const err128 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/isUnused",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/isUnused/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err128];
}
else {
vErrors.push(err128);
}
errors++;
}
var valid39 = _errs168 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.isOptional !== undefined){
const _errs169 = errors;
if(true !== data63.isOptional){
const err129 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/isOptional",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/isOptional/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err129];
}
else {
vErrors.push(err129);
}
errors++;
}
var valid39 = _errs169 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.isJson !== undefined){
const _errs170 = errors;
if(true !== data63.isJson){
const err130 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/isJson",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/isJson/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err130];
}
else {
vErrors.push(err130);
}
errors++;
}
var valid39 = _errs170 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data63.isNeverMissing !== undefined){
const _errs171 = errors;
if(true !== data63.isNeverMissing){
const err131 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9+"/isNeverMissing",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/properties/isNeverMissing/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err131];
}
else {
vErrors.push(err131);
}
errors++;
}
var valid39 = _errs171 === errors;
}
else {
var valid39 = true;
}
}
}
}
}
}
}
}
}
}
}
else {
const err132 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs/" + i9,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/items/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err132];
}
else {
vErrors.push(err132);
}
errors++;
}
}
var valid38 = _errs154 === errors;
if(!valid38){
break;
}
}
}
}
}
else {
const err133 = {instancePath:instancePath+"/program/steps/" + i8+"/model/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/inputs/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err133];
}
else {
vErrors.push(err133);
}
errors++;
}
}
var valid37 = _errs152 === errors;
}
else {
var valid37 = true;
}
if(valid37){
if(data61.outputs !== undefined){
let data74 = data61.outputs;
const _errs172 = errors;
if(errors === _errs172){
if(Array.isArray(data74)){
if(data74.length > 4096){
const err134 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"};
if(vErrors === null){
vErrors = [err134];
}
else {
vErrors.push(err134);
}
errors++;
}
else {
if(data74.length < 1){
const err135 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err135];
}
else {
vErrors.push(err135);
}
errors++;
}
else {
var valid42 = true;
const len11 = data74.length;
for(let i12=0; i12<len11; i12++){
let data75 = data74[i12];
const _errs174 = errors;
if(errors === _errs174){
if(typeof data75 === "string"){
if(data75.length > 256){
const err136 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs/" + i12,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err136];
}
else {
vErrors.push(err136);
}
errors++;
}
else {
if(data75.length < 1){
const err137 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs/" + i12,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err137];
}
else {
vErrors.push(err137);
}
errors++;
}
}
}
else {
const err138 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs/" + i12,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err138];
}
else {
vErrors.push(err138);
}
errors++;
}
}
var valid42 = _errs174 === errors;
if(!valid42){
break;
}
}
if(valid42){
let i13 = data74.length;
let j1;
if(i13 > 1){
const indices1 = {};
for(;i13--;){
let item1 = data74[i13];
if(typeof item1 !== "string"){
continue;
}
if(typeof indices1[item1] == "number"){
j1 = indices1[item1];
const err139 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/uniqueItems",keyword:"uniqueItems",params:{i: i13, j: j1},message:"must NOT have duplicate items (items ## "+j1+" and "+i13+" are identical)"};
if(vErrors === null){
vErrors = [err139];
}
else {
vErrors.push(err139);
}
errors++;
break;
}
indices1[item1] = i13;
}
}
}
}
}
}
else {
const err140 = {instancePath:instancePath+"/program/steps/" + i8+"/model/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/outputs/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err140];
}
else {
vErrors.push(err140);
}
errors++;
}
}
var valid37 = _errs172 === errors;
}
else {
var valid37 = true;
}
if(valid37){
if(data61.defaultOutputs !== undefined){
let data76 = data61.defaultOutputs;
const _errs176 = errors;
if(errors === _errs176){
if(Array.isArray(data76)){
if(data76.length > 4096){
const err141 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"};
if(vErrors === null){
vErrors = [err141];
}
else {
vErrors.push(err141);
}
errors++;
}
else {
if(data76.length < 1){
const err142 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err142];
}
else {
vErrors.push(err142);
}
errors++;
}
else {
var valid44 = true;
const len12 = data76.length;
for(let i14=0; i14<len12; i14++){
let data77 = data76[i14];
const _errs178 = errors;
if(errors === _errs178){
if(typeof data77 === "string"){
if(data77.length > 256){
const err143 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs/" + i14,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err143];
}
else {
vErrors.push(err143);
}
errors++;
}
else {
if(data77.length < 1){
const err144 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs/" + i14,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err144];
}
else {
vErrors.push(err144);
}
errors++;
}
}
}
else {
const err145 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs/" + i14,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/items/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err145];
}
else {
vErrors.push(err145);
}
errors++;
}
}
var valid44 = _errs178 === errors;
if(!valid44){
break;
}
}
if(valid44){
let i15 = data76.length;
let j2;
if(i15 > 1){
const indices2 = {};
for(;i15--;){
let item2 = data76[i15];
if(typeof item2 !== "string"){
continue;
}
if(typeof indices2[item2] == "number"){
j2 = indices2[item2];
const err146 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/uniqueItems",keyword:"uniqueItems",params:{i: i15, j: j2},message:"must NOT have duplicate items (items ## "+j2+" and "+i15+" are identical)"};
if(vErrors === null){
vErrors = [err146];
}
else {
vErrors.push(err146);
}
errors++;
break;
}
indices2[item2] = i15;
}
}
}
}
}
}
else {
const err147 = {instancePath:instancePath+"/program/steps/" + i8+"/model/defaultOutputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/defaultOutputs/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err147];
}
else {
vErrors.push(err147);
}
errors++;
}
}
var valid37 = _errs176 === errors;
}
else {
var valid37 = true;
}
if(valid37){
if(data61.program !== undefined){
let data78 = data61.program;
const _errs180 = errors;
if(errors === _errs180){
if(data78 && typeof data78 == "object" && !Array.isArray(data78)){
let missing11;
if((data78.steps === undefined) && (missing11 = "steps")){
const err148 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/required",keyword:"required",params:{missingProperty: missing11},message:"must have required property '"+missing11+"'"};
if(vErrors === null){
vErrors = [err148];
}
else {
vErrors.push(err148);
}
errors++;
}
else {
const _errs182 = errors;
for(const key29 in data78){
if(!(key29 === "steps")){
const err149 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key29},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err149];
}
else {
vErrors.push(err149);
}
errors++;
break;
}
}
if(_errs182 === errors){
if(data78.steps !== undefined){
let data79 = data78.steps;
const _errs183 = errors;
if(errors === _errs183){
if(Array.isArray(data79)){
if(data79.length > 1024){
const err150 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/maxItems",keyword:"maxItems",params:{limit: 1024},message:"must NOT have more than 1024 items"};
if(vErrors === null){
vErrors = [err150];
}
else {
vErrors.push(err150);
}
errors++;
}
else {
if(data79.length < 1){
const err151 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"};
if(vErrors === null){
vErrors = [err151];
}
else {
vErrors.push(err151);
}
errors++;
}
else {
var valid47 = true;
const len13 = data79.length;
for(let i16=0; i16<len13; i16++){
let data80 = data79[i16];
const _errs185 = errors;
const _errs186 = errors;
let valid48 = false;
let passing1 = null;
const _errs187 = errors;
if(errors === _errs187){
if(data80 && typeof data80 == "object" && !Array.isArray(data80)){
let missing12;
if((((((data80.kind === undefined) && (missing12 = "kind")) || ((data80.file === undefined) && (missing12 = "file"))) || ((data80.inputs === undefined) && (missing12 = "inputs"))) || ((data80.outputs === undefined) && (missing12 = "outputs"))) || ((data80.optimization === undefined) && (missing12 = "optimization"))){
const err152 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/required",keyword:"required",params:{missingProperty: missing12},message:"must have required property '"+missing12+"'"};
if(vErrors === null){
vErrors = [err152];
}
else {
vErrors.push(err152);
}
errors++;
}
else {
const _errs189 = errors;
for(const key30 in data80){
if(!(((((key30 === "kind") || (key30 === "file")) || (key30 === "inputs")) || (key30 === "outputs")) || (key30 === "optimization"))){
const err153 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key30},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err153];
}
else {
vErrors.push(err153);
}
errors++;
break;
}
}
if(_errs189 === errors){
if(data80.kind !== undefined){
const _errs190 = errors;
if("onnx" !== data80.kind){
const err154 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/kind/const",keyword:"const",params:{allowedValue: "onnx"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err154];
}
else {
vErrors.push(err154);
}
errors++;
}
var valid49 = _errs190 === errors;
}
else {
var valid49 = true;
}
if(valid49){
if(data80.file !== undefined){
let data82 = data80.file;
const _errs191 = errors;
if(errors === _errs191){
if(typeof data82 === "string"){
if(data82.length > 256){
const err155 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err155];
}
else {
vErrors.push(err155);
}
errors++;
}
else {
if(!pattern5.test(data82)){
const err156 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err156];
}
else {
vErrors.push(err156);
}
errors++;
}
}
}
else {
const err157 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err157];
}
else {
vErrors.push(err157);
}
errors++;
}
}
var valid49 = _errs191 === errors;
}
else {
var valid49 = true;
}
if(valid49){
if(data80.inputs !== undefined){
let data83 = data80.inputs;
const _errs193 = errors;
if(errors === _errs193){
if(data83 && typeof data83 == "object" && !Array.isArray(data83)){
if(Object.keys(data83).length > 4096){
const err158 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err158];
}
else {
vErrors.push(err158);
}
errors++;
}
else {
for(const key31 in data83){
const _errs195 = errors;
if(errors === _errs195){
if(typeof key31 === "string"){
if(key31.length > 256){
const err159 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key31};
if(vErrors === null){
vErrors = [err159];
}
else {
vErrors.push(err159);
}
errors++;
}
else {
if(key31.length < 1){
const err160 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key31};
if(vErrors === null){
vErrors = [err160];
}
else {
vErrors.push(err160);
}
errors++;
}
}
}
else {
const err161 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key31};
if(vErrors === null){
vErrors = [err161];
}
else {
vErrors.push(err161);
}
errors++;
}
}
var valid50 = _errs195 === errors;
if(!valid50){
const err162 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key31},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err162];
}
else {
vErrors.push(err162);
}
errors++;
break;
}
}
if(valid50){
for(const key32 in data83){
let data84 = data83[key32];
const _errs198 = errors;
if(errors === _errs198){
if(typeof data84 === "string"){
if(data84.length > 256){
const err163 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs/" + key32.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err163];
}
else {
vErrors.push(err163);
}
errors++;
}
else {
if(data84.length < 1){
const err164 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs/" + key32.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err164];
}
else {
vErrors.push(err164);
}
errors++;
}
}
}
else {
const err165 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs/" + key32.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err165];
}
else {
vErrors.push(err165);
}
errors++;
}
}
var valid51 = _errs198 === errors;
if(!valid51){
break;
}
}
}
}
}
else {
const err166 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err166];
}
else {
vErrors.push(err166);
}
errors++;
}
}
var valid49 = _errs193 === errors;
}
else {
var valid49 = true;
}
if(valid49){
if(data80.outputs !== undefined){
let data85 = data80.outputs;
const _errs200 = errors;
if(errors === _errs200){
if(data85 && typeof data85 == "object" && !Array.isArray(data85)){
if(Object.keys(data85).length > 4096){
const err167 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err167];
}
else {
vErrors.push(err167);
}
errors++;
}
else {
for(const key33 in data85){
const _errs202 = errors;
if(errors === _errs202){
if(typeof key33 === "string"){
if(key33.length > 256){
const err168 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key33};
if(vErrors === null){
vErrors = [err168];
}
else {
vErrors.push(err168);
}
errors++;
}
else {
if(key33.length < 1){
const err169 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key33};
if(vErrors === null){
vErrors = [err169];
}
else {
vErrors.push(err169);
}
errors++;
}
}
}
else {
const err170 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key33};
if(vErrors === null){
vErrors = [err170];
}
else {
vErrors.push(err170);
}
errors++;
}
}
var valid52 = _errs202 === errors;
if(!valid52){
const err171 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key33},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err171];
}
else {
vErrors.push(err171);
}
errors++;
break;
}
}
if(valid52){
for(const key34 in data85){
let data86 = data85[key34];
const _errs205 = errors;
if(errors === _errs205){
if(typeof data86 === "string"){
if(data86.length > 256){
const err172 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs/" + key34.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err172];
}
else {
vErrors.push(err172);
}
errors++;
}
else {
if(data86.length < 1){
const err173 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs/" + key34.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err173];
}
else {
vErrors.push(err173);
}
errors++;
}
}
}
else {
const err174 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs/" + key34.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err174];
}
else {
vErrors.push(err174);
}
errors++;
}
}
var valid53 = _errs205 === errors;
if(!valid53){
break;
}
}
}
}
}
else {
const err175 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err175];
}
else {
vErrors.push(err175);
}
errors++;
}
}
var valid49 = _errs200 === errors;
}
else {
var valid49 = true;
}
if(valid49){
if(data80.optimization !== undefined){
let data87 = data80.optimization;
const _errs207 = errors;
if(!(((data87 === "off") || (data87 === "basic")) || (data87 === "all"))){
const err176 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/optimization",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/properties/optimization/enum",keyword:"enum",params:{allowedValues: schema31.properties.program.properties.steps.items.oneOf[3].properties.model.properties.program.properties.steps.items.oneOf[0].properties.optimization.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err176];
}
else {
vErrors.push(err176);
}
errors++;
}
var valid49 = _errs207 === errors;
}
else {
var valid49 = true;
}
}
}
}
}
}
}
}
else {
const err177 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/0/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err177];
}
else {
vErrors.push(err177);
}
errors++;
}
}
var _valid1 = _errs187 === errors;
if(_valid1){
valid48 = true;
passing1 = 0;
var props1 = true;
}
const _errs208 = errors;
if(errors === _errs208){
if(data80 && typeof data80 == "object" && !Array.isArray(data80)){
let missing13;
if((((((data80.kind === undefined) && (missing13 = "kind")) || ((data80.file === undefined) && (missing13 = "file"))) || ((data80.inputs === undefined) && (missing13 = "inputs"))) || ((data80.outputs === undefined) && (missing13 = "outputs"))) || ((data80.kernel === undefined) && (missing13 = "kernel"))){
const err178 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/required",keyword:"required",params:{missingProperty: missing13},message:"must have required property '"+missing13+"'"};
if(vErrors === null){
vErrors = [err178];
}
else {
vErrors.push(err178);
}
errors++;
}
else {
const _errs210 = errors;
for(const key35 in data80){
if(!(((((key35 === "kind") || (key35 === "file")) || (key35 === "inputs")) || (key35 === "outputs")) || (key35 === "kernel"))){
const err179 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key35},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err179];
}
else {
vErrors.push(err179);
}
errors++;
break;
}
}
if(_errs210 === errors){
if(data80.kind !== undefined){
const _errs211 = errors;
if("kernel" !== data80.kind){
const err180 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/kind/const",keyword:"const",params:{allowedValue: "kernel"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err180];
}
else {
vErrors.push(err180);
}
errors++;
}
var valid54 = _errs211 === errors;
}
else {
var valid54 = true;
}
if(valid54){
if(data80.file !== undefined){
let data89 = data80.file;
const _errs212 = errors;
if(errors === _errs212){
if(typeof data89 === "string"){
if(data89.length > 256){
const err181 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err181];
}
else {
vErrors.push(err181);
}
errors++;
}
else {
if(!pattern5.test(data89)){
const err182 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err182];
}
else {
vErrors.push(err182);
}
errors++;
}
}
}
else {
const err183 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err183];
}
else {
vErrors.push(err183);
}
errors++;
}
}
var valid54 = _errs212 === errors;
}
else {
var valid54 = true;
}
if(valid54){
if(data80.inputs !== undefined){
let data90 = data80.inputs;
const _errs214 = errors;
if(errors === _errs214){
if(data90 && typeof data90 == "object" && !Array.isArray(data90)){
if(Object.keys(data90).length > 4096){
const err184 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err184];
}
else {
vErrors.push(err184);
}
errors++;
}
else {
for(const key36 in data90){
const _errs216 = errors;
if(errors === _errs216){
if(typeof key36 === "string"){
if(key36.length > 256){
const err185 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key36};
if(vErrors === null){
vErrors = [err185];
}
else {
vErrors.push(err185);
}
errors++;
}
else {
if(key36.length < 1){
const err186 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key36};
if(vErrors === null){
vErrors = [err186];
}
else {
vErrors.push(err186);
}
errors++;
}
}
}
else {
const err187 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key36};
if(vErrors === null){
vErrors = [err187];
}
else {
vErrors.push(err187);
}
errors++;
}
}
var valid55 = _errs216 === errors;
if(!valid55){
const err188 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key36},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err188];
}
else {
vErrors.push(err188);
}
errors++;
break;
}
}
if(valid55){
for(const key37 in data90){
let data91 = data90[key37];
const _errs219 = errors;
if(errors === _errs219){
if(typeof data91 === "string"){
if(data91.length > 256){
const err189 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs/" + key37.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err189];
}
else {
vErrors.push(err189);
}
errors++;
}
else {
if(data91.length < 1){
const err190 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs/" + key37.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err190];
}
else {
vErrors.push(err190);
}
errors++;
}
}
}
else {
const err191 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs/" + key37.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err191];
}
else {
vErrors.push(err191);
}
errors++;
}
}
var valid56 = _errs219 === errors;
if(!valid56){
break;
}
}
}
}
}
else {
const err192 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err192];
}
else {
vErrors.push(err192);
}
errors++;
}
}
var valid54 = _errs214 === errors;
}
else {
var valid54 = true;
}
if(valid54){
if(data80.outputs !== undefined){
let data92 = data80.outputs;
const _errs221 = errors;
if(errors === _errs221){
if(data92 && typeof data92 == "object" && !Array.isArray(data92)){
if(Object.keys(data92).length > 4096){
const err193 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err193];
}
else {
vErrors.push(err193);
}
errors++;
}
else {
for(const key38 in data92){
const _errs223 = errors;
if(errors === _errs223){
if(typeof key38 === "string"){
if(key38.length > 256){
const err194 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key38};
if(vErrors === null){
vErrors = [err194];
}
else {
vErrors.push(err194);
}
errors++;
}
else {
if(key38.length < 1){
const err195 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key38};
if(vErrors === null){
vErrors = [err195];
}
else {
vErrors.push(err195);
}
errors++;
}
}
}
else {
const err196 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key38};
if(vErrors === null){
vErrors = [err196];
}
else {
vErrors.push(err196);
}
errors++;
}
}
var valid57 = _errs223 === errors;
if(!valid57){
const err197 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key38},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err197];
}
else {
vErrors.push(err197);
}
errors++;
break;
}
}
if(valid57){
for(const key39 in data92){
let data93 = data92[key39];
const _errs226 = errors;
if(errors === _errs226){
if(typeof data93 === "string"){
if(data93.length > 256){
const err198 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs/" + key39.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err198];
}
else {
vErrors.push(err198);
}
errors++;
}
else {
if(data93.length < 1){
const err199 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs/" + key39.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err199];
}
else {
vErrors.push(err199);
}
errors++;
}
}
}
else {
const err200 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs/" + key39.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err200];
}
else {
vErrors.push(err200);
}
errors++;
}
}
var valid58 = _errs226 === errors;
if(!valid58){
break;
}
}
}
}
}
else {
const err201 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err201];
}
else {
vErrors.push(err201);
}
errors++;
}
}
var valid54 = _errs221 === errors;
}
else {
var valid54 = true;
}
if(valid54){
if(data80.kernel !== undefined){
let data94 = data80.kernel;
const _errs228 = errors;
if(errors === _errs228){
if(typeof data94 === "string"){
if(!pattern7.test(data94)){
const err202 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/kernel",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/kernel/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9-]{0,63}$"},message:"must match pattern \""+"^[a-z][a-z0-9-]{0,63}$"+"\""};
if(vErrors === null){
vErrors = [err202];
}
else {
vErrors.push(err202);
}
errors++;
}
}
else {
const err203 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16+"/kernel",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err203];
}
else {
vErrors.push(err203);
}
errors++;
}
}
var valid54 = _errs228 === errors;
}
else {
var valid54 = true;
}
}
}
}
}
}
}
}
else {
const err204 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf/1/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err204];
}
else {
vErrors.push(err204);
}
errors++;
}
}
var _valid1 = _errs208 === errors;
if(_valid1 && valid48){
valid48 = false;
passing1 = [passing1, 1];
}
else {
if(_valid1){
valid48 = true;
passing1 = 1;
if(props1 !== true){
props1 = true;
}
}
}
if(!valid48){
const err205 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps/" + i16,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/items/oneOf",keyword:"oneOf",params:{passingSchemas: passing1},message:"must match exactly one schema in oneOf"};
if(vErrors === null){
vErrors = [err205];
}
else {
vErrors.push(err205);
}
errors++;
}
else {
errors = _errs186;
if(vErrors !== null){
if(_errs186){
vErrors.length = _errs186;
}
else {
vErrors = null;
}
}
}
var valid47 = _errs185 === errors;
if(!valid47){
break;
}
}
}
}
}
else {
const err206 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program/steps",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/properties/steps/type",keyword:"type",params:{type: "array"},message:"must be array"};
if(vErrors === null){
vErrors = [err206];
}
else {
vErrors.push(err206);
}
errors++;
}
}
}
}
}
}
else {
const err207 = {instancePath:instancePath+"/program/steps/" + i8+"/model/program",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/properties/program/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err207];
}
else {
vErrors.push(err207);
}
errors++;
}
}
var valid37 = _errs180 === errors;
}
else {
var valid37 = true;
}
}
}
}
}
}
}
else {
const err208 = {instancePath:instancePath+"/program/steps/" + i8+"/model",schemaPath:"#/properties/program/properties/steps/items/oneOf/3/properties/model/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err208];
}
else {
vErrors.push(err208);
}
errors++;
}
}
var valid30 = _errs149 === errors;
}
else {
var valid30 = true;
}
}
}
}
}
}
}
}
}
else {
const err209 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/3/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err209];
}
else {
vErrors.push(err209);
}
errors++;
}
}
var _valid0 = _errs123 === errors;
if(_valid0 && valid14){
valid14 = false;
passing0 = [passing0, 3];
}
else {
if(_valid0){
valid14 = true;
passing0 = 3;
if(props0 !== true){
props0 = true;
}
}
}
}
}
if(!valid14){
const err210 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf",keyword:"oneOf",params:{passingSchemas: passing0},message:"must match exactly one schema in oneOf"};
if(vErrors === null){
vErrors = [err210];
}
else {
vErrors.push(err210);
}
errors++;
validate20.errors = vErrors;
return false;
}
else {
errors = _errs59;
if(vErrors !== null){
if(_errs59){
vErrors.length = _errs59;
}
else {
vErrors = null;
}
}
}
var valid13 = _errs58 === errors;
if(!valid13){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs53 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.batching !== undefined){
let data95 = data.batching;
const _errs230 = errors;
if(errors === _errs230){
if(data95 && typeof data95 == "object" && !Array.isArray(data95)){
let missing14;
if(((data95.rowsAreIndependent === undefined) && (missing14 = "rowsAreIndependent")) || ((data95.reason === undefined) && (missing14 = "reason"))){
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/required",keyword:"required",params:{missingProperty: missing14},message:"must have required property '"+missing14+"'"}];
return false;
}
else {
const _errs232 = errors;
for(const key40 in data95){
if(!((key40 === "rowsAreIndependent") || (key40 === "reason"))){
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key40},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs232 === errors){
if(data95.rowsAreIndependent !== undefined){
const _errs233 = errors;
if(typeof data95.rowsAreIndependent !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/batching/rowsAreIndependent",schemaPath:"#/properties/batching/properties/rowsAreIndependent/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid59 = _errs233 === errors;
}
else {
var valid59 = true;
}
if(valid59){
if(data95.reason !== undefined){
let data97 = data95.reason;
const _errs235 = errors;
if(errors === _errs235){
if(typeof data97 === "string"){
if(data97.length > 1000){
validate20.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid59 = _errs235 === errors;
}
else {
var valid59 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs230 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.example !== undefined){
let data98 = data.example;
const _errs237 = errors;
if(errors === _errs237){
if(data98 && typeof data98 == "object" && !Array.isArray(data98)){
if(Object.keys(data98).length > 4096){
validate20.errors = [{instancePath:instancePath+"/example",schemaPath:"#/properties/example/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key41 in data98){
const _errs239 = errors;
if(errors === _errs239){
if(typeof key41 === "string"){
if(key41.length > 256){
const err211 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key41};
if(vErrors === null){
vErrors = [err211];
}
else {
vErrors.push(err211);
}
errors++;
}
else {
if(key41.length < 1){
const err212 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key41};
if(vErrors === null){
vErrors = [err212];
}
else {
vErrors.push(err212);
}
errors++;
}
}
}
else {
const err213 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key41};
if(vErrors === null){
vErrors = [err213];
}
else {
vErrors.push(err213);
}
errors++;
}
}
var valid60 = _errs239 === errors;
if(!valid60){
const err214 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames",keyword:"propertyNames",params:{propertyName: key41},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err214];
}
else {
vErrors.push(err214);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid60){
for(const key42 in data98){
let data99 = data98[key42];
const _errs242 = errors;
if(errors === _errs242){
if(data99 && typeof data99 == "object" && !Array.isArray(data99)){
let missing15;
if((((data99.datatype === undefined) && (missing15 = "datatype")) || ((data99.shape === undefined) && (missing15 = "shape"))) || ((data99.data === undefined) && (missing15 = "data"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/required",keyword:"required",params:{missingProperty: missing15},message:"must have required property '"+missing15+"'"}];
return false;
}
else {
const _errs244 = errors;
for(const key43 in data99){
if(!(((key43 === "datatype") || (key43 === "shape")) || (key43 === "data"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key43},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs244 === errors){
if(data99.datatype !== undefined){
let data100 = data99.datatype;
const _errs245 = errors;
if(!((((((((((((((data100 === "BOOL") || (data100 === "UINT8")) || (data100 === "UINT16")) || (data100 === "UINT32")) || (data100 === "UINT64")) || (data100 === "INT8")) || (data100 === "INT16")) || (data100 === "INT32")) || (data100 === "INT64")) || (data100 === "FP16")) || (data100 === "BF16")) || (data100 === "FP32")) || (data100 === "FP64")) || (data100 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/example/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.example.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid62 = _errs245 === errors;
}
else {
var valid62 = true;
}
if(valid62){
if(data99.shape !== undefined){
let data101 = data99.shape;
const _errs246 = errors;
if(errors === _errs246){
if(Array.isArray(data101)){
if(data101.length > 8){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/example/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid63 = true;
const len14 = data101.length;
for(let i17=0; i17<len14; i17++){
let data102 = data101[i17];
const _errs248 = errors;
if(!(((typeof data102 == "number") && (!(data102 % 1) && !isNaN(data102))) && (isFinite(data102)))){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i17,schemaPath:"#/properties/example/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs248){
if((typeof data102 == "number") && (isFinite(data102))){
if(data102 < 0 || isNaN(data102)){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i17,schemaPath:"#/properties/example/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid63 = _errs248 === errors;
if(!valid63){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/example/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid62 = _errs246 === errors;
}
else {
var valid62 = true;
}
if(valid62){
if(data99.data !== undefined){
let data103 = data99.data;
const _errs250 = errors;
if(errors === _errs250){
if(Array.isArray(data103)){
var valid64 = true;
const len15 = data103.length;
for(let i18=0; i18<len15; i18++){
let data104 = data103[i18];
const _errs252 = errors;
if((!((typeof data104 == "number") && (isFinite(data104)))) && (typeof data104 !== "string")){
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i18,schemaPath:"#/properties/example/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.example.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid64 = _errs252 === errors;
if(!valid64){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/example/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid62 = _errs250 === errors;
}
else {
var valid62 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key42.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid61 = _errs242 === errors;
if(!valid61){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example",schemaPath:"#/properties/example/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs237 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.golden !== undefined){
let data105 = data.golden;
const _errs254 = errors;
if(errors === _errs254){
if(data105 && typeof data105 == "object" && !Array.isArray(data105)){
let missing16;
if(((((data105.inputs === undefined) && (missing16 = "inputs")) || ((data105.outputs === undefined) && (missing16 = "outputs"))) || ((data105.tolerance === undefined) && (missing16 = "tolerance"))) || ((data105.recordedBy === undefined) && (missing16 = "recordedBy"))){
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/required",keyword:"required",params:{missingProperty: missing16},message:"must have required property '"+missing16+"'"}];
return false;
}
else {
const _errs256 = errors;
for(const key44 in data105){
if(!((((key44 === "inputs") || (key44 === "outputs")) || (key44 === "tolerance")) || (key44 === "recordedBy"))){
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key44},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs256 === errors){
if(data105.inputs !== undefined){
let data106 = data105.inputs;
const _errs257 = errors;
if(errors === _errs257){
if(data106 && typeof data106 == "object" && !Array.isArray(data106)){
if(Object.keys(data106).length > 4096){
validate20.errors = [{instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key45 in data106){
const _errs259 = errors;
if(errors === _errs259){
if(typeof key45 === "string"){
if(key45.length > 256){
const err215 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key45};
if(vErrors === null){
vErrors = [err215];
}
else {
vErrors.push(err215);
}
errors++;
}
else {
if(key45.length < 1){
const err216 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key45};
if(vErrors === null){
vErrors = [err216];
}
else {
vErrors.push(err216);
}
errors++;
}
}
}
else {
const err217 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key45};
if(vErrors === null){
vErrors = [err217];
}
else {
vErrors.push(err217);
}
errors++;
}
}
var valid66 = _errs259 === errors;
if(!valid66){
const err218 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key45},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err218];
}
else {
vErrors.push(err218);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid66){
for(const key46 in data106){
let data107 = data106[key46];
const _errs262 = errors;
if(errors === _errs262){
if(data107 && typeof data107 == "object" && !Array.isArray(data107)){
let missing17;
if((((data107.datatype === undefined) && (missing17 = "datatype")) || ((data107.shape === undefined) && (missing17 = "shape"))) || ((data107.data === undefined) && (missing17 = "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/required",keyword:"required",params:{missingProperty: missing17},message:"must have required property '"+missing17+"'"}];
return false;
}
else {
const _errs264 = errors;
for(const key47 in data107){
if(!(((key47 === "datatype") || (key47 === "shape")) || (key47 === "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key47},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs264 === errors){
if(data107.datatype !== undefined){
let data108 = data107.datatype;
const _errs265 = errors;
if(!((((((((((((((data108 === "BOOL") || (data108 === "UINT8")) || (data108 === "UINT16")) || (data108 === "UINT32")) || (data108 === "UINT64")) || (data108 === "INT8")) || (data108 === "INT16")) || (data108 === "INT32")) || (data108 === "INT64")) || (data108 === "FP16")) || (data108 === "BF16")) || (data108 === "FP32")) || (data108 === "FP64")) || (data108 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.golden.properties.inputs.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid68 = _errs265 === errors;
}
else {
var valid68 = true;
}
if(valid68){
if(data107.shape !== undefined){
let data109 = data107.shape;
const _errs266 = errors;
if(errors === _errs266){
if(Array.isArray(data109)){
if(data109.length > 8){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid69 = true;
const len16 = data109.length;
for(let i19=0; i19<len16; i19++){
let data110 = data109[i19];
const _errs268 = errors;
if(!(((typeof data110 == "number") && (!(data110 % 1) && !isNaN(data110))) && (isFinite(data110)))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i19,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs268){
if((typeof data110 == "number") && (isFinite(data110))){
if(data110 < 0 || isNaN(data110)){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i19,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid69 = _errs268 === errors;
if(!valid69){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid68 = _errs266 === errors;
}
else {
var valid68 = true;
}
if(valid68){
if(data107.data !== undefined){
let data111 = data107.data;
const _errs270 = errors;
if(errors === _errs270){
if(Array.isArray(data111)){
var valid70 = true;
const len17 = data111.length;
for(let i20=0; i20<len17; i20++){
let data112 = data111[i20];
const _errs272 = errors;
if((!((typeof data112 == "number") && (isFinite(data112)))) && (typeof data112 !== "string")){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i20,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.golden.properties.inputs.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid70 = _errs272 === errors;
if(!valid70){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid68 = _errs270 === errors;
}
else {
var valid68 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key46.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid67 = _errs262 === errors;
if(!valid67){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid65 = _errs257 === errors;
}
else {
var valid65 = true;
}
if(valid65){
if(data105.outputs !== undefined){
let data113 = data105.outputs;
const _errs274 = errors;
if(errors === _errs274){
if(data113 && typeof data113 == "object" && !Array.isArray(data113)){
if(Object.keys(data113).length > 4096){
validate20.errors = [{instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key48 in data113){
const _errs276 = errors;
if(errors === _errs276){
if(typeof key48 === "string"){
if(key48.length > 256){
const err219 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key48};
if(vErrors === null){
vErrors = [err219];
}
else {
vErrors.push(err219);
}
errors++;
}
else {
if(key48.length < 1){
const err220 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key48};
if(vErrors === null){
vErrors = [err220];
}
else {
vErrors.push(err220);
}
errors++;
}
}
}
else {
const err221 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key48};
if(vErrors === null){
vErrors = [err221];
}
else {
vErrors.push(err221);
}
errors++;
}
}
var valid71 = _errs276 === errors;
if(!valid71){
const err222 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key48},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err222];
}
else {
vErrors.push(err222);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid71){
for(const key49 in data113){
let data114 = data113[key49];
const _errs279 = errors;
if(errors === _errs279){
if(data114 && typeof data114 == "object" && !Array.isArray(data114)){
let missing18;
if((((data114.datatype === undefined) && (missing18 = "datatype")) || ((data114.shape === undefined) && (missing18 = "shape"))) || ((data114.data === undefined) && (missing18 = "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/required",keyword:"required",params:{missingProperty: missing18},message:"must have required property '"+missing18+"'"}];
return false;
}
else {
const _errs281 = errors;
for(const key50 in data114){
if(!(((key50 === "datatype") || (key50 === "shape")) || (key50 === "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key50},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs281 === errors){
if(data114.datatype !== undefined){
let data115 = data114.datatype;
const _errs282 = errors;
if(!((((((((((((((data115 === "BOOL") || (data115 === "UINT8")) || (data115 === "UINT16")) || (data115 === "UINT32")) || (data115 === "UINT64")) || (data115 === "INT8")) || (data115 === "INT16")) || (data115 === "INT32")) || (data115 === "INT64")) || (data115 === "FP16")) || (data115 === "BF16")) || (data115 === "FP32")) || (data115 === "FP64")) || (data115 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.golden.properties.outputs.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid73 = _errs282 === errors;
}
else {
var valid73 = true;
}
if(valid73){
if(data114.shape !== undefined){
let data116 = data114.shape;
const _errs283 = errors;
if(errors === _errs283){
if(Array.isArray(data116)){
if(data116.length > 8){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid74 = true;
const len18 = data116.length;
for(let i21=0; i21<len18; i21++){
let data117 = data116[i21];
const _errs285 = errors;
if(!(((typeof data117 == "number") && (!(data117 % 1) && !isNaN(data117))) && (isFinite(data117)))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i21,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs285){
if((typeof data117 == "number") && (isFinite(data117))){
if(data117 < 0 || isNaN(data117)){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i21,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid74 = _errs285 === errors;
if(!valid74){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid73 = _errs283 === errors;
}
else {
var valid73 = true;
}
if(valid73){
if(data114.data !== undefined){
let data118 = data114.data;
const _errs287 = errors;
if(errors === _errs287){
if(Array.isArray(data118)){
var valid75 = true;
const len19 = data118.length;
for(let i22=0; i22<len19; i22++){
let data119 = data118[i22];
const _errs289 = errors;
if((!((typeof data119 == "number") && (isFinite(data119)))) && (typeof data119 !== "string")){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i22,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.golden.properties.outputs.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid75 = _errs289 === errors;
if(!valid75){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid73 = _errs287 === errors;
}
else {
var valid73 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key49.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid72 = _errs279 === errors;
if(!valid72){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid65 = _errs274 === errors;
}
else {
var valid65 = true;
}
if(valid65){
if(data105.tolerance !== undefined){
let data120 = data105.tolerance;
const _errs291 = errors;
if(errors === _errs291){
if(data120 && typeof data120 == "object" && !Array.isArray(data120)){
let missing19;
if(((data120.relative === undefined) && (missing19 = "relative")) || ((data120.absolute === undefined) && (missing19 = "absolute"))){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/required",keyword:"required",params:{missingProperty: missing19},message:"must have required property '"+missing19+"'"}];
return false;
}
else {
const _errs293 = errors;
for(const key51 in data120){
if(!((key51 === "relative") || (key51 === "absolute"))){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key51},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs293 === errors){
if(data120.relative !== undefined){
let data121 = data120.relative;
const _errs294 = errors;
if(errors === _errs294){
if((typeof data121 == "number") && (isFinite(data121))){
if(data121 < 0 || isNaN(data121)){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid76 = _errs294 === errors;
}
else {
var valid76 = true;
}
if(valid76){
if(data120.absolute !== undefined){
let data122 = data120.absolute;
const _errs296 = errors;
if(errors === _errs296){
if((typeof data122 == "number") && (isFinite(data122))){
if(data122 < 0 || isNaN(data122)){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid76 = _errs296 === errors;
}
else {
var valid76 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid65 = _errs291 === errors;
}
else {
var valid65 = true;
}
if(valid65){
if(data105.recordedBy !== undefined){
let data123 = data105.recordedBy;
const _errs298 = errors;
if(errors === _errs298){
if(typeof data123 === "string"){
if(data123.length > 100){
validate20.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/maxLength",keyword:"maxLength",params:{limit: 100},message:"must NOT have more than 100 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid65 = _errs298 === errors;
}
else {
var valid65 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs254 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.files !== undefined){
let data124 = data.files;
const _errs300 = errors;
if(errors === _errs300){
if(data124 && typeof data124 == "object" && !Array.isArray(data124)){
if(Object.keys(data124).length > 4096){
validate20.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key52 in data124){
const _errs302 = errors;
if(errors === _errs302){
if(typeof key52 === "string"){
if(key52.length > 256){
const err223 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key52};
if(vErrors === null){
vErrors = [err223];
}
else {
vErrors.push(err223);
}
errors++;
}
else {
if(!pattern5.test(key52)){
const err224 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\"",propertyName:key52};
if(vErrors === null){
vErrors = [err224];
}
else {
vErrors.push(err224);
}
errors++;
}
}
}
else {
const err225 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key52};
if(vErrors === null){
vErrors = [err225];
}
else {
vErrors.push(err225);
}
errors++;
}
}
var valid77 = _errs302 === errors;
if(!valid77){
const err226 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames",keyword:"propertyNames",params:{propertyName: key52},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err226];
}
else {
vErrors.push(err226);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid77){
for(const key53 in data124){
let data125 = data124[key53];
const _errs305 = errors;
if(errors === _errs305){
if(data125 && typeof data125 == "object" && !Array.isArray(data125)){
let missing20;
if(((data125.sha256 === undefined) && (missing20 = "sha256")) || ((data125.sizeBytes === undefined) && (missing20 = "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/required",keyword:"required",params:{missingProperty: missing20},message:"must have required property '"+missing20+"'"}];
return false;
}
else {
const _errs307 = errors;
for(const key54 in data125){
if(!((key54 === "sha256") || (key54 === "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key54},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs307 === errors){
if(data125.sha256 !== undefined){
let data126 = data125.sha256;
const _errs308 = errors;
if(errors === _errs308){
if(typeof data126 === "string"){
if(!pattern14.test(data126)){
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",schemaPath:"#/properties/files/additionalProperties/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",schemaPath:"#/properties/files/additionalProperties/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid79 = _errs308 === errors;
}
else {
var valid79 = true;
}
if(valid79){
if(data125.sizeBytes !== undefined){
let data127 = data125.sizeBytes;
const _errs310 = errors;
if(!(((typeof data127 == "number") && (!(data127 % 1) && !isNaN(data127))) && (isFinite(data127)))){
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs310){
if((typeof data127 == "number") && (isFinite(data127))){
if(data127 < 0 || isNaN(data127)){
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid79 = _errs310 === errors;
}
else {
var valid79 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files/" + key53.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid78 = _errs305 === errors;
if(!valid78){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs300 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.provenance !== undefined){
let data128 = data.provenance;
const _errs312 = errors;
if(errors === _errs312){
if(data128 && typeof data128 == "object" && !Array.isArray(data128)){
let missing21;
if(((((data128.format === undefined) && (missing21 = "format")) || ((data128.source === undefined) && (missing21 = "source"))) || ((data128.producer === undefined) && (missing21 = "producer"))) || ((data128.compilerRevision === undefined) && (missing21 = "compilerRevision"))){
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/required",keyword:"required",params:{missingProperty: missing21},message:"must have required property '"+missing21+"'"}];
return false;
}
else {
const _errs314 = errors;
for(const key55 in data128){
if(!((((key55 === "format") || (key55 === "source")) || (key55 === "producer")) || (key55 === "compilerRevision"))){
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key55},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs314 === errors){
if(data128.format !== undefined){
let data129 = data128.format;
const _errs315 = errors;
if(!(((((((((data129 === "onnx") || (data129 === "pipeline")) || (data129 === "pickle")) || (data129 === "xgboost")) || (data129 === "lightgbm")) || (data129 === "pt2")) || (data129 === "torchscript")) || (data129 === "python")) || (data129 === "typescript"))){
validate20.errors = [{instancePath:instancePath+"/provenance/format",schemaPath:"#/properties/provenance/properties/format/enum",keyword:"enum",params:{allowedValues: schema31.properties.provenance.properties.format.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid80 = _errs315 === errors;
}
else {
var valid80 = true;
}
if(valid80){
if(data128.source !== undefined){
let data130 = data128.source;
const _errs316 = errors;
if(errors === _errs316){
if(data130 && typeof data130 == "object" && !Array.isArray(data130)){
let missing22;
if((((data130.fileName === undefined) && (missing22 = "fileName")) || ((data130.sha256 === undefined) && (missing22 = "sha256"))) || ((data130.sizeBytes === undefined) && (missing22 = "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/required",keyword:"required",params:{missingProperty: missing22},message:"must have required property '"+missing22+"'"}];
return false;
}
else {
const _errs318 = errors;
for(const key56 in data130){
if(!(((key56 === "fileName") || (key56 === "sha256")) || (key56 === "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key56},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs318 === errors){
if(data130.fileName !== undefined){
let data131 = data130.fileName;
const _errs319 = errors;
if(errors === _errs319){
if(typeof data131 === "string"){
if(data131.length > 256){
validate20.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid81 = _errs319 === errors;
}
else {
var valid81 = true;
}
if(valid81){
if(data130.sha256 !== undefined){
let data132 = data130.sha256;
const _errs321 = errors;
if(errors === _errs321){
if(typeof data132 === "string"){
if(!pattern14.test(data132)){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sha256",schemaPath:"#/properties/provenance/properties/source/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source/sha256",schemaPath:"#/properties/provenance/properties/source/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid81 = _errs321 === errors;
}
else {
var valid81 = true;
}
if(valid81){
if(data130.sizeBytes !== undefined){
let data133 = data130.sizeBytes;
const _errs323 = errors;
if(!(((typeof data133 == "number") && (!(data133 % 1) && !isNaN(data133))) && (isFinite(data133)))){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs323){
if((typeof data133 == "number") && (isFinite(data133))){
if(data133 < 0 || isNaN(data133)){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid81 = _errs323 === errors;
}
else {
var valid81 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid80 = _errs316 === errors;
}
else {
var valid80 = true;
}
if(valid80){
if(data128.producer !== undefined){
let data134 = data128.producer;
const _errs325 = errors;
if(errors === _errs325){
if(typeof data134 === "string"){
if(data134.length > 1000){
validate20.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid80 = _errs325 === errors;
}
else {
var valid80 = true;
}
if(valid80){
if(data128.compilerRevision !== undefined){
let data135 = data128.compilerRevision;
const _errs327 = errors;
if(!(((typeof data135 == "number") && (!(data135 % 1) && !isNaN(data135))) && (isFinite(data135)))){
validate20.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs327){
if((typeof data135 == "number") && (isFinite(data135))){
if(data135 < 1 || isNaN(data135)){
validate20.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid80 = _errs327 === errors;
}
else {
var valid80 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs312 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}
validate20.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
