// Made by `npm run generate` from manifest-schema.ts; do not edit.
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Slipway bundle manifest","type":"object","properties":{"manifestVersion":{"const":1},"name":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},"signature":{"type":"object","properties":{"inputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"outputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096}},"required":["inputs","outputs"],"additionalProperties":false},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":64,"items":{"type":"object","properties":{"kind":{"const":"onnx"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"optimization":{"enum":["off","basic","all"]}},"required":["kind","file","inputs","outputs","optimization"],"additionalProperties":false}}},"required":["steps"],"additionalProperties":false},"batching":{"type":"object","properties":{"rowsAreIndependent":{"type":"boolean"},"reason":{"type":"string","maxLength":1000}},"required":["rowsAreIndependent","reason"],"additionalProperties":false},"example":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"golden":{"type":"object","properties":{"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"tolerance":{"type":"object","properties":{"relative":{"type":"number","minimum":0},"absolute":{"type":"number","minimum":0}},"required":["relative","absolute"],"additionalProperties":false},"recordedBy":{"type":"string","maxLength":100}},"required":["inputs","outputs","tolerance","recordedBy"],"additionalProperties":false},"files":{"type":"object","propertyNames":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"additionalProperties":{"type":"object","properties":{"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"sizeBytes":{"type":"integer","minimum":0}},"required":["sha256","sizeBytes"],"additionalProperties":false},"maxProperties":4096},"provenance":{"type":"object","properties":{"format":{"enum":["onnx","pipeline"]},"source":{"type":"object","properties":{"fileName":{"type":"string","maxLength":256},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"sizeBytes":{"type":"integer","minimum":0}},"required":["fileName","sha256","sizeBytes"],"additionalProperties":false},"producer":{"type":"string","maxLength":1000},"compilerRevision":{"type":"integer","minimum":1}},"required":["format","source","producer","compilerRevision"],"additionalProperties":false}},"required":["manifestVersion","name","signature","program","batching","example","golden","files","provenance"],"additionalProperties":false};
const func1 = Object.prototype.hasOwnProperty;
const pattern4 = new RegExp("^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", "u");
const pattern5 = new RegExp("^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", "u");
const pattern7 = new RegExp("^[0-9a-f]{64}$", "u");

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
if(!((key1 === "inputs") || (key1 === "outputs"))){
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
if(!((((key2 === "name") || (key2 === "datatype")) || (key2 === "shape")) || (key2 === "columns"))){
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
let data11 = data2.outputs;
const _errs24 = errors;
if(errors === _errs24){
if(Array.isArray(data11)){
if(data11.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data11.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid6 = true;
const len3 = data11.length;
for(let i3=0; i3<len3; i3++){
let data12 = data11[i3];
const _errs26 = errors;
if(errors === _errs26){
if(data12 && typeof data12 == "object" && !Array.isArray(data12)){
let missing3;
if((((data12.name === undefined) && (missing3 = "name")) || ((data12.datatype === undefined) && (missing3 = "datatype"))) || ((data12.shape === undefined) && (missing3 = "shape"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs28 = errors;
for(const key3 in data12){
if(!((((key3 === "name") || (key3 === "datatype")) || (key3 === "shape")) || (key3 === "columns"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs28 === errors){
if(data12.name !== undefined){
let data13 = data12.name;
const _errs29 = errors;
if(errors === _errs29){
if(typeof data13 === "string"){
if(data13.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data13.length < 1){
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
var valid7 = _errs29 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data12.datatype !== undefined){
let data14 = data12.datatype;
const _errs31 = errors;
if(!((((((((((((((data14 === "BOOL") || (data14 === "UINT8")) || (data14 === "UINT16")) || (data14 === "UINT32")) || (data14 === "UINT64")) || (data14 === "INT8")) || (data14 === "INT16")) || (data14 === "INT32")) || (data14 === "INT64")) || (data14 === "FP16")) || (data14 === "BF16")) || (data14 === "FP32")) || (data14 === "FP64")) || (data14 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/datatype",schemaPath:"#/properties/signature/properties/outputs/items/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.signature.properties.outputs.items.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid7 = _errs31 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data12.shape !== undefined){
let data15 = data12.shape;
const _errs32 = errors;
if(errors === _errs32){
if(Array.isArray(data15)){
if(data15.length > 8){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape",schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid8 = true;
const len4 = data15.length;
for(let i4=0; i4<len4; i4++){
let data16 = data15[i4];
const _errs34 = errors;
if(!(((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16))) && (isFinite(data16)))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape/" + i4,schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs34){
if((typeof data16 == "number") && (isFinite(data16))){
if(data16 < -1 || isNaN(data16)){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape/" + i4,schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
var valid8 = _errs34 === errors;
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
var valid7 = _errs32 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data12.columns !== undefined){
let data17 = data12.columns;
const _errs36 = errors;
if(errors === _errs36){
if(Array.isArray(data17)){
if(data17.length > 1000000){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns",schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"}];
return false;
}
else {
var valid9 = true;
const len5 = data17.length;
for(let i5=0; i5<len5; i5++){
let data18 = data17[i5];
const _errs38 = errors;
if(errors === _errs38){
if(typeof data18 === "string"){
if(data18.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data18.length < 1){
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
var valid9 = _errs38 === errors;
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
var valid7 = _errs36 === errors;
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
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid6 = _errs26 === errors;
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
var valid1 = _errs24 === errors;
}
else {
var valid1 = true;
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
let data19 = data.program;
const _errs40 = errors;
if(errors === _errs40){
if(data19 && typeof data19 == "object" && !Array.isArray(data19)){
let missing4;
if((data19.steps === undefined) && (missing4 = "steps")){
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs42 = errors;
for(const key4 in data19){
if(!(key4 === "steps")){
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs42 === errors){
if(data19.steps !== undefined){
let data20 = data19.steps;
const _errs43 = errors;
if(errors === _errs43){
if(Array.isArray(data20)){
if(data20.length > 64){
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/maxItems",keyword:"maxItems",params:{limit: 64},message:"must NOT have more than 64 items"}];
return false;
}
else {
if(data20.length < 1){
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid11 = true;
const len6 = data20.length;
for(let i6=0; i6<len6; i6++){
let data21 = data20[i6];
const _errs45 = errors;
if(errors === _errs45){
if(data21 && typeof data21 == "object" && !Array.isArray(data21)){
let missing5;
if((((((data21.kind === undefined) && (missing5 = "kind")) || ((data21.file === undefined) && (missing5 = "file"))) || ((data21.inputs === undefined) && (missing5 = "inputs"))) || ((data21.outputs === undefined) && (missing5 = "outputs"))) || ((data21.optimization === undefined) && (missing5 = "optimization"))){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6,schemaPath:"#/properties/program/properties/steps/items/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"}];
return false;
}
else {
const _errs47 = errors;
for(const key5 in data21){
if(!(((((key5 === "kind") || (key5 === "file")) || (key5 === "inputs")) || (key5 === "outputs")) || (key5 === "optimization"))){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6,schemaPath:"#/properties/program/properties/steps/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs47 === errors){
if(data21.kind !== undefined){
const _errs48 = errors;
if("onnx" !== data21.kind){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/kind",schemaPath:"#/properties/program/properties/steps/items/properties/kind/const",keyword:"const",params:{allowedValue: "onnx"},message:"must be equal to constant"}];
return false;
}
var valid12 = _errs48 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data21.file !== undefined){
let data23 = data21.file;
const _errs49 = errors;
if(errors === _errs49){
if(typeof data23 === "string"){
if(data23.length > 256){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/file",schemaPath:"#/properties/program/properties/steps/items/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(!pattern5.test(data23)){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/file",schemaPath:"#/properties/program/properties/steps/items/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/file",schemaPath:"#/properties/program/properties/steps/items/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid12 = _errs49 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data21.inputs !== undefined){
let data24 = data21.inputs;
const _errs51 = errors;
if(errors === _errs51){
if(data24 && typeof data24 == "object" && !Array.isArray(data24)){
if(Object.keys(data24).length > 4096){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/inputs",schemaPath:"#/properties/program/properties/steps/items/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key6 in data24){
const _errs53 = errors;
if(errors === _errs53){
if(typeof key6 === "string"){
if(key6.length > 256){
const err0 = {instancePath:instancePath+"/program/steps/" + i6+"/inputs",schemaPath:"#/properties/program/properties/steps/items/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key6};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
else {
if(key6.length < 1){
const err1 = {instancePath:instancePath+"/program/steps/" + i6+"/inputs",schemaPath:"#/properties/program/properties/steps/items/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key6};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
}
else {
const err2 = {instancePath:instancePath+"/program/steps/" + i6+"/inputs",schemaPath:"#/properties/program/properties/steps/items/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key6};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
var valid13 = _errs53 === errors;
if(!valid13){
const err3 = {instancePath:instancePath+"/program/steps/" + i6+"/inputs",schemaPath:"#/properties/program/properties/steps/items/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key6},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid13){
for(const key7 in data24){
let data25 = data24[key7];
const _errs56 = errors;
if(errors === _errs56){
if(typeof data25 === "string"){
if(data25.length > 256){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data25.length < 1){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid14 = _errs56 === errors;
if(!valid14){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/inputs",schemaPath:"#/properties/program/properties/steps/items/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid12 = _errs51 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data21.outputs !== undefined){
let data26 = data21.outputs;
const _errs58 = errors;
if(errors === _errs58){
if(data26 && typeof data26 == "object" && !Array.isArray(data26)){
if(Object.keys(data26).length > 4096){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/outputs",schemaPath:"#/properties/program/properties/steps/items/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key8 in data26){
const _errs60 = errors;
if(errors === _errs60){
if(typeof key8 === "string"){
if(key8.length > 256){
const err4 = {instancePath:instancePath+"/program/steps/" + i6+"/outputs",schemaPath:"#/properties/program/properties/steps/items/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key8};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
else {
if(key8.length < 1){
const err5 = {instancePath:instancePath+"/program/steps/" + i6+"/outputs",schemaPath:"#/properties/program/properties/steps/items/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key8};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
else {
const err6 = {instancePath:instancePath+"/program/steps/" + i6+"/outputs",schemaPath:"#/properties/program/properties/steps/items/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key8};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
var valid15 = _errs60 === errors;
if(!valid15){
const err7 = {instancePath:instancePath+"/program/steps/" + i6+"/outputs",schemaPath:"#/properties/program/properties/steps/items/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key8},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid15){
for(const key9 in data26){
let data27 = data26[key9];
const _errs63 = errors;
if(errors === _errs63){
if(typeof data27 === "string"){
if(data27.length > 256){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data27.length < 1){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid16 = _errs63 === errors;
if(!valid16){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/outputs",schemaPath:"#/properties/program/properties/steps/items/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid12 = _errs58 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data21.optimization !== undefined){
let data28 = data21.optimization;
const _errs65 = errors;
if(!(((data28 === "off") || (data28 === "basic")) || (data28 === "all"))){
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6+"/optimization",schemaPath:"#/properties/program/properties/steps/items/properties/optimization/enum",keyword:"enum",params:{allowedValues: schema31.properties.program.properties.steps.items.properties.optimization.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid12 = _errs65 === errors;
}
else {
var valid12 = true;
}
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps/" + i6,schemaPath:"#/properties/program/properties/steps/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid11 = _errs45 === errors;
if(!valid11){
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
var valid0 = _errs40 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.batching !== undefined){
let data29 = data.batching;
const _errs66 = errors;
if(errors === _errs66){
if(data29 && typeof data29 == "object" && !Array.isArray(data29)){
let missing6;
if(((data29.rowsAreIndependent === undefined) && (missing6 = "rowsAreIndependent")) || ((data29.reason === undefined) && (missing6 = "reason"))){
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"}];
return false;
}
else {
const _errs68 = errors;
for(const key10 in data29){
if(!((key10 === "rowsAreIndependent") || (key10 === "reason"))){
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs68 === errors){
if(data29.rowsAreIndependent !== undefined){
const _errs69 = errors;
if(typeof data29.rowsAreIndependent !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/batching/rowsAreIndependent",schemaPath:"#/properties/batching/properties/rowsAreIndependent/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid17 = _errs69 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data29.reason !== undefined){
let data31 = data29.reason;
const _errs71 = errors;
if(errors === _errs71){
if(typeof data31 === "string"){
if(data31.length > 1000){
validate20.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid17 = _errs71 === errors;
}
else {
var valid17 = true;
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
var valid0 = _errs66 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.example !== undefined){
let data32 = data.example;
const _errs73 = errors;
if(errors === _errs73){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
if(Object.keys(data32).length > 4096){
validate20.errors = [{instancePath:instancePath+"/example",schemaPath:"#/properties/example/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key11 in data32){
const _errs75 = errors;
if(errors === _errs75){
if(typeof key11 === "string"){
if(key11.length > 256){
const err8 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key11};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
else {
if(key11.length < 1){
const err9 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key11};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
else {
const err10 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key11};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
var valid18 = _errs75 === errors;
if(!valid18){
const err11 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames",keyword:"propertyNames",params:{propertyName: key11},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid18){
for(const key12 in data32){
let data33 = data32[key12];
const _errs78 = errors;
if(errors === _errs78){
if(data33 && typeof data33 == "object" && !Array.isArray(data33)){
let missing7;
if((((data33.datatype === undefined) && (missing7 = "datatype")) || ((data33.shape === undefined) && (missing7 = "shape"))) || ((data33.data === undefined) && (missing7 = "data"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"}];
return false;
}
else {
const _errs80 = errors;
for(const key13 in data33){
if(!(((key13 === "datatype") || (key13 === "shape")) || (key13 === "data"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs80 === errors){
if(data33.datatype !== undefined){
let data34 = data33.datatype;
const _errs81 = errors;
if(!((((((((((((((data34 === "BOOL") || (data34 === "UINT8")) || (data34 === "UINT16")) || (data34 === "UINT32")) || (data34 === "UINT64")) || (data34 === "INT8")) || (data34 === "INT16")) || (data34 === "INT32")) || (data34 === "INT64")) || (data34 === "FP16")) || (data34 === "BF16")) || (data34 === "FP32")) || (data34 === "FP64")) || (data34 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/example/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.example.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid20 = _errs81 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data33.shape !== undefined){
let data35 = data33.shape;
const _errs82 = errors;
if(errors === _errs82){
if(Array.isArray(data35)){
if(data35.length > 8){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/example/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid21 = true;
const len7 = data35.length;
for(let i7=0; i7<len7; i7++){
let data36 = data35[i7];
const _errs84 = errors;
if(!(((typeof data36 == "number") && (!(data36 % 1) && !isNaN(data36))) && (isFinite(data36)))){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i7,schemaPath:"#/properties/example/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs84){
if((typeof data36 == "number") && (isFinite(data36))){
if(data36 < 0 || isNaN(data36)){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i7,schemaPath:"#/properties/example/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid21 = _errs84 === errors;
if(!valid21){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/example/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid20 = _errs82 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data33.data !== undefined){
let data37 = data33.data;
const _errs86 = errors;
if(errors === _errs86){
if(Array.isArray(data37)){
var valid22 = true;
const len8 = data37.length;
for(let i8=0; i8<len8; i8++){
let data38 = data37[i8];
const _errs88 = errors;
if((!((typeof data38 == "number") && (isFinite(data38)))) && (typeof data38 !== "string")){
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i8,schemaPath:"#/properties/example/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.example.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid22 = _errs88 === errors;
if(!valid22){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/example/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid20 = _errs86 === errors;
}
else {
var valid20 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
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
validate20.errors = [{instancePath:instancePath+"/example",schemaPath:"#/properties/example/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs73 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.golden !== undefined){
let data39 = data.golden;
const _errs90 = errors;
if(errors === _errs90){
if(data39 && typeof data39 == "object" && !Array.isArray(data39)){
let missing8;
if(((((data39.inputs === undefined) && (missing8 = "inputs")) || ((data39.outputs === undefined) && (missing8 = "outputs"))) || ((data39.tolerance === undefined) && (missing8 = "tolerance"))) || ((data39.recordedBy === undefined) && (missing8 = "recordedBy"))){
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/required",keyword:"required",params:{missingProperty: missing8},message:"must have required property '"+missing8+"'"}];
return false;
}
else {
const _errs92 = errors;
for(const key14 in data39){
if(!((((key14 === "inputs") || (key14 === "outputs")) || (key14 === "tolerance")) || (key14 === "recordedBy"))){
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key14},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs92 === errors){
if(data39.inputs !== undefined){
let data40 = data39.inputs;
const _errs93 = errors;
if(errors === _errs93){
if(data40 && typeof data40 == "object" && !Array.isArray(data40)){
if(Object.keys(data40).length > 4096){
validate20.errors = [{instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key15 in data40){
const _errs95 = errors;
if(errors === _errs95){
if(typeof key15 === "string"){
if(key15.length > 256){
const err12 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key15};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
else {
if(key15.length < 1){
const err13 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key15};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
}
else {
const err14 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key15};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
var valid24 = _errs95 === errors;
if(!valid24){
const err15 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key15},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid24){
for(const key16 in data40){
let data41 = data40[key16];
const _errs98 = errors;
if(errors === _errs98){
if(data41 && typeof data41 == "object" && !Array.isArray(data41)){
let missing9;
if((((data41.datatype === undefined) && (missing9 = "datatype")) || ((data41.shape === undefined) && (missing9 = "shape"))) || ((data41.data === undefined) && (missing9 = "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/required",keyword:"required",params:{missingProperty: missing9},message:"must have required property '"+missing9+"'"}];
return false;
}
else {
const _errs100 = errors;
for(const key17 in data41){
if(!(((key17 === "datatype") || (key17 === "shape")) || (key17 === "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key17},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs100 === errors){
if(data41.datatype !== undefined){
let data42 = data41.datatype;
const _errs101 = errors;
if(!((((((((((((((data42 === "BOOL") || (data42 === "UINT8")) || (data42 === "UINT16")) || (data42 === "UINT32")) || (data42 === "UINT64")) || (data42 === "INT8")) || (data42 === "INT16")) || (data42 === "INT32")) || (data42 === "INT64")) || (data42 === "FP16")) || (data42 === "BF16")) || (data42 === "FP32")) || (data42 === "FP64")) || (data42 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.golden.properties.inputs.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid26 = _errs101 === errors;
}
else {
var valid26 = true;
}
if(valid26){
if(data41.shape !== undefined){
let data43 = data41.shape;
const _errs102 = errors;
if(errors === _errs102){
if(Array.isArray(data43)){
if(data43.length > 8){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid27 = true;
const len9 = data43.length;
for(let i9=0; i9<len9; i9++){
let data44 = data43[i9];
const _errs104 = errors;
if(!(((typeof data44 == "number") && (!(data44 % 1) && !isNaN(data44))) && (isFinite(data44)))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i9,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs104){
if((typeof data44 == "number") && (isFinite(data44))){
if(data44 < 0 || isNaN(data44)){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i9,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid27 = _errs104 === errors;
if(!valid27){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid26 = _errs102 === errors;
}
else {
var valid26 = true;
}
if(valid26){
if(data41.data !== undefined){
let data45 = data41.data;
const _errs106 = errors;
if(errors === _errs106){
if(Array.isArray(data45)){
var valid28 = true;
const len10 = data45.length;
for(let i10=0; i10<len10; i10++){
let data46 = data45[i10];
const _errs108 = errors;
if((!((typeof data46 == "number") && (isFinite(data46)))) && (typeof data46 !== "string")){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i10,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.golden.properties.inputs.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid28 = _errs108 === errors;
if(!valid28){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid26 = _errs106 === errors;
}
else {
var valid26 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key16.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid25 = _errs98 === errors;
if(!valid25){
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
var valid23 = _errs93 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data39.outputs !== undefined){
let data47 = data39.outputs;
const _errs110 = errors;
if(errors === _errs110){
if(data47 && typeof data47 == "object" && !Array.isArray(data47)){
if(Object.keys(data47).length > 4096){
validate20.errors = [{instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key18 in data47){
const _errs112 = errors;
if(errors === _errs112){
if(typeof key18 === "string"){
if(key18.length > 256){
const err16 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key18};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
else {
if(key18.length < 1){
const err17 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key18};
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
const err18 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key18};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
var valid29 = _errs112 === errors;
if(!valid29){
const err19 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key18},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid29){
for(const key19 in data47){
let data48 = data47[key19];
const _errs115 = errors;
if(errors === _errs115){
if(data48 && typeof data48 == "object" && !Array.isArray(data48)){
let missing10;
if((((data48.datatype === undefined) && (missing10 = "datatype")) || ((data48.shape === undefined) && (missing10 = "shape"))) || ((data48.data === undefined) && (missing10 = "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/required",keyword:"required",params:{missingProperty: missing10},message:"must have required property '"+missing10+"'"}];
return false;
}
else {
const _errs117 = errors;
for(const key20 in data48){
if(!(((key20 === "datatype") || (key20 === "shape")) || (key20 === "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key20},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs117 === errors){
if(data48.datatype !== undefined){
let data49 = data48.datatype;
const _errs118 = errors;
if(!((((((((((((((data49 === "BOOL") || (data49 === "UINT8")) || (data49 === "UINT16")) || (data49 === "UINT32")) || (data49 === "UINT64")) || (data49 === "INT8")) || (data49 === "INT16")) || (data49 === "INT32")) || (data49 === "INT64")) || (data49 === "FP16")) || (data49 === "BF16")) || (data49 === "FP32")) || (data49 === "FP64")) || (data49 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.golden.properties.outputs.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid31 = _errs118 === errors;
}
else {
var valid31 = true;
}
if(valid31){
if(data48.shape !== undefined){
let data50 = data48.shape;
const _errs119 = errors;
if(errors === _errs119){
if(Array.isArray(data50)){
if(data50.length > 8){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid32 = true;
const len11 = data50.length;
for(let i11=0; i11<len11; i11++){
let data51 = data50[i11];
const _errs121 = errors;
if(!(((typeof data51 == "number") && (!(data51 % 1) && !isNaN(data51))) && (isFinite(data51)))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i11,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs121){
if((typeof data51 == "number") && (isFinite(data51))){
if(data51 < 0 || isNaN(data51)){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i11,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid32 = _errs121 === errors;
if(!valid32){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid31 = _errs119 === errors;
}
else {
var valid31 = true;
}
if(valid31){
if(data48.data !== undefined){
let data52 = data48.data;
const _errs123 = errors;
if(errors === _errs123){
if(Array.isArray(data52)){
var valid33 = true;
const len12 = data52.length;
for(let i12=0; i12<len12; i12++){
let data53 = data52[i12];
const _errs125 = errors;
if((!((typeof data53 == "number") && (isFinite(data53)))) && (typeof data53 !== "string")){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i12,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.golden.properties.outputs.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid33 = _errs125 === errors;
if(!valid33){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid31 = _errs123 === errors;
}
else {
var valid31 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid30 = _errs115 === errors;
if(!valid30){
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
var valid23 = _errs110 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data39.tolerance !== undefined){
let data54 = data39.tolerance;
const _errs127 = errors;
if(errors === _errs127){
if(data54 && typeof data54 == "object" && !Array.isArray(data54)){
let missing11;
if(((data54.relative === undefined) && (missing11 = "relative")) || ((data54.absolute === undefined) && (missing11 = "absolute"))){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/required",keyword:"required",params:{missingProperty: missing11},message:"must have required property '"+missing11+"'"}];
return false;
}
else {
const _errs129 = errors;
for(const key21 in data54){
if(!((key21 === "relative") || (key21 === "absolute"))){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key21},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs129 === errors){
if(data54.relative !== undefined){
let data55 = data54.relative;
const _errs130 = errors;
if(errors === _errs130){
if((typeof data55 == "number") && (isFinite(data55))){
if(data55 < 0 || isNaN(data55)){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid34 = _errs130 === errors;
}
else {
var valid34 = true;
}
if(valid34){
if(data54.absolute !== undefined){
let data56 = data54.absolute;
const _errs132 = errors;
if(errors === _errs132){
if((typeof data56 == "number") && (isFinite(data56))){
if(data56 < 0 || isNaN(data56)){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid34 = _errs132 === errors;
}
else {
var valid34 = true;
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
var valid23 = _errs127 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data39.recordedBy !== undefined){
let data57 = data39.recordedBy;
const _errs134 = errors;
if(errors === _errs134){
if(typeof data57 === "string"){
if(data57.length > 100){
validate20.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/maxLength",keyword:"maxLength",params:{limit: 100},message:"must NOT have more than 100 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid23 = _errs134 === errors;
}
else {
var valid23 = true;
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
var valid0 = _errs90 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.files !== undefined){
let data58 = data.files;
const _errs136 = errors;
if(errors === _errs136){
if(data58 && typeof data58 == "object" && !Array.isArray(data58)){
if(Object.keys(data58).length > 4096){
validate20.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key22 in data58){
const _errs138 = errors;
if(errors === _errs138){
if(typeof key22 === "string"){
if(key22.length > 256){
const err20 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key22};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
else {
if(!pattern5.test(key22)){
const err21 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\"",propertyName:key22};
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
const err22 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key22};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
var valid35 = _errs138 === errors;
if(!valid35){
const err23 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames",keyword:"propertyNames",params:{propertyName: key22},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid35){
for(const key23 in data58){
let data59 = data58[key23];
const _errs141 = errors;
if(errors === _errs141){
if(data59 && typeof data59 == "object" && !Array.isArray(data59)){
let missing12;
if(((data59.sha256 === undefined) && (missing12 = "sha256")) || ((data59.sizeBytes === undefined) && (missing12 = "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/required",keyword:"required",params:{missingProperty: missing12},message:"must have required property '"+missing12+"'"}];
return false;
}
else {
const _errs143 = errors;
for(const key24 in data59){
if(!((key24 === "sha256") || (key24 === "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key24},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs143 === errors){
if(data59.sha256 !== undefined){
let data60 = data59.sha256;
const _errs144 = errors;
if(errors === _errs144){
if(typeof data60 === "string"){
if(!pattern7.test(data60)){
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",schemaPath:"#/properties/files/additionalProperties/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",schemaPath:"#/properties/files/additionalProperties/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid37 = _errs144 === errors;
}
else {
var valid37 = true;
}
if(valid37){
if(data59.sizeBytes !== undefined){
let data61 = data59.sizeBytes;
const _errs146 = errors;
if(!(((typeof data61 == "number") && (!(data61 % 1) && !isNaN(data61))) && (isFinite(data61)))){
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs146){
if((typeof data61 == "number") && (isFinite(data61))){
if(data61 < 0 || isNaN(data61)){
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid37 = _errs146 === errors;
}
else {
var valid37 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files/" + key23.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid36 = _errs141 === errors;
if(!valid36){
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
var valid0 = _errs136 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.provenance !== undefined){
let data62 = data.provenance;
const _errs148 = errors;
if(errors === _errs148){
if(data62 && typeof data62 == "object" && !Array.isArray(data62)){
let missing13;
if(((((data62.format === undefined) && (missing13 = "format")) || ((data62.source === undefined) && (missing13 = "source"))) || ((data62.producer === undefined) && (missing13 = "producer"))) || ((data62.compilerRevision === undefined) && (missing13 = "compilerRevision"))){
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/required",keyword:"required",params:{missingProperty: missing13},message:"must have required property '"+missing13+"'"}];
return false;
}
else {
const _errs150 = errors;
for(const key25 in data62){
if(!((((key25 === "format") || (key25 === "source")) || (key25 === "producer")) || (key25 === "compilerRevision"))){
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key25},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs150 === errors){
if(data62.format !== undefined){
let data63 = data62.format;
const _errs151 = errors;
if(!((data63 === "onnx") || (data63 === "pipeline"))){
validate20.errors = [{instancePath:instancePath+"/provenance/format",schemaPath:"#/properties/provenance/properties/format/enum",keyword:"enum",params:{allowedValues: schema31.properties.provenance.properties.format.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid38 = _errs151 === errors;
}
else {
var valid38 = true;
}
if(valid38){
if(data62.source !== undefined){
let data64 = data62.source;
const _errs152 = errors;
if(errors === _errs152){
if(data64 && typeof data64 == "object" && !Array.isArray(data64)){
let missing14;
if((((data64.fileName === undefined) && (missing14 = "fileName")) || ((data64.sha256 === undefined) && (missing14 = "sha256"))) || ((data64.sizeBytes === undefined) && (missing14 = "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/required",keyword:"required",params:{missingProperty: missing14},message:"must have required property '"+missing14+"'"}];
return false;
}
else {
const _errs154 = errors;
for(const key26 in data64){
if(!(((key26 === "fileName") || (key26 === "sha256")) || (key26 === "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key26},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs154 === errors){
if(data64.fileName !== undefined){
let data65 = data64.fileName;
const _errs155 = errors;
if(errors === _errs155){
if(typeof data65 === "string"){
if(data65.length > 256){
validate20.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid39 = _errs155 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data64.sha256 !== undefined){
let data66 = data64.sha256;
const _errs157 = errors;
if(errors === _errs157){
if(typeof data66 === "string"){
if(!pattern7.test(data66)){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sha256",schemaPath:"#/properties/provenance/properties/source/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source/sha256",schemaPath:"#/properties/provenance/properties/source/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid39 = _errs157 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data64.sizeBytes !== undefined){
let data67 = data64.sizeBytes;
const _errs159 = errors;
if(!(((typeof data67 == "number") && (!(data67 % 1) && !isNaN(data67))) && (isFinite(data67)))){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs159){
if((typeof data67 == "number") && (isFinite(data67))){
if(data67 < 0 || isNaN(data67)){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid39 = _errs159 === errors;
}
else {
var valid39 = true;
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
var valid38 = _errs152 === errors;
}
else {
var valid38 = true;
}
if(valid38){
if(data62.producer !== undefined){
let data68 = data62.producer;
const _errs161 = errors;
if(errors === _errs161){
if(typeof data68 === "string"){
if(data68.length > 1000){
validate20.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid38 = _errs161 === errors;
}
else {
var valid38 = true;
}
if(valid38){
if(data62.compilerRevision !== undefined){
let data69 = data62.compilerRevision;
const _errs163 = errors;
if(!(((typeof data69 == "number") && (!(data69 % 1) && !isNaN(data69))) && (isFinite(data69)))){
validate20.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs163){
if((typeof data69 == "number") && (isFinite(data69))){
if(data69 < 1 || isNaN(data69)){
validate20.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid38 = _errs163 === errors;
}
else {
var valid38 = true;
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
var valid0 = _errs148 === errors;
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
